"""Hits to a prompt within a budget of tokens: what does not fit is shortened or left out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from octavo.generate.answer import GeneratorError
from octavo.generate.evidence_units import sentences
from octavo.generate.prompt import Evidence, Prompt, PromptLimits, PromptQuestion, compose
from octavo.generate.prompt_image import Crop, resized_png
from octavo.index.store import StoreError
from octavo.ingest.document import DocumentError
from octavo.retrieve.query import Hit

_LEAST_PIXELS = 224  # under this a figure says nothing
_TRIES = 3  # sizes of the pictures that are counted before some are left out

#: Tokens of a prompt as the model would read it, pictures and chat template included.
Count = Callable[[Prompt], int]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A prompt within its budget, what it shows, and the tokens it takes."""

    prompt: Prompt
    shown: tuple[Evidence, ...]
    tokens: int


def fit(
    question: PromptQuestion,
    hits: Sequence[Hit],
    limits: PromptLimits,
    budget: int,
    count: Count,
    crop: Crop | None,
) -> Fitted:
    """As much of the evidence, best first, as `budget` tokens hold. What does not fit is left out
    from the end; the first that does not fit whole is shown without its picture or up to the end
    of a sentence. `crop` is None for a model that takes no images.

    Raises GeneratorError where the question leaves no room for any evidence.
    """
    bare = count(compose(question, ()))
    if bare > budget:
        raise GeneratorError(
            f"the question and its rules take {bare} tokens, and the model has room for {budget}; "
            "ask shorter, with a smaller image, or give the model a larger context"
        )
    shown = [Evidence(n, hit) for n, hit in enumerate(hits[: limits.hits], 1)]
    if crop is not None:
        shown = _illustrated(question, shown, limits, budget, count, crop)

    def fits(items: Sequence[Evidence]) -> bool:
        return count(compose(question, items)) <= budget

    whole = _most(len(shown), lambda n: fits(shown[:n]))
    kept = shown[:whole]
    if whole < len(shown):
        kept += _partly(shown[whole], lambda part: fits([*kept, part]))
    if not kept and shown:
        raise GeneratorError(
            f"the question takes {bare} of the model's {budget} tokens, and no sentence of the "
            "evidence fits beside it; give the model a larger context"
        )
    prompt = compose(question, kept)
    return Fitted(prompt, tuple(kept), count(prompt))


def _most(top: int, fits: Callable[[int], bool]) -> int:
    """The largest n up to `top` for which `fits(n)`; `fits(0)` is known to hold."""
    if fits(top):
        return top
    low, high = 0, top
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def _partly(item: Evidence, fits: Callable[[Evidence], bool]) -> list[Evidence]:
    """The most of one item that fits: without its picture, else up to the end of a sentence."""
    plain = replace(item, image=None)
    if item.image is not None and fits(plain):
        return [plain]
    parts = [_shortened(plain, end) for _, end in sentences(item.hit.chunk.text)]
    most = _most(len(parts), lambda n: n == 0 or fits(parts[n - 1]))
    return [parts[most - 1]] if most else []


def _shortened(item: Evidence, end: int) -> Evidence:
    """The chunk's first `end` characters, and the printed lines that they stand on."""
    chunk = item.hit.chunk
    spans = tuple(replace(s, end=min(s.end, end)) for s in chunk.spans if s.start < end)
    text = chunk.text[:end]
    caption = chunk.caption if len(chunk.caption) <= end else text
    part = replace(chunk, text=text, spans=spans, caption=caption, context="")
    return replace(item, hit=replace(item.hit, chunk=part), shortened=end < len(chunk.text))


def _illustrated(
    question: PromptQuestion,
    shown: Sequence[Evidence],
    limits: PromptLimits,
    budget: int,
    count: Count,
    crop: Crop,
) -> list[Evidence]:
    """The evidence with crops, the best hits' first, made smaller until they keep their share."""
    room = limits.images - (question.image is not None)
    wanted = [item for item in shown if item.hit.chunk.image is not None][: max(0, room)]
    if not wanted:
        return list(shown)
    without = count(compose(question, wanted))
    allowed = int(limits.image_share * budget)

    def cost(pictures: Mapping[int, bytes]) -> int:
        return count(compose(question, _with(wanted, pictures))) - without

    pixels = limits.pixels
    pictures: dict[int, bytes] = {}
    for _ in range(_TRIES):
        pictures = _crops(wanted, pixels, crop)
        used = cost(pictures)
        if used <= allowed:
            return _with(shown, pictures)
        # Tokens of a picture grow with its area.
        pixels = max(_LEAST_PIXELS, int(0.95 * pixels * math.sqrt(allowed / used)))
    while pictures and cost(pictures) > allowed:
        pictures.popitem()
    return _with(shown, pictures)


def _with(shown: Sequence[Evidence], pictures: Mapping[int, bytes]) -> list[Evidence]:
    return [replace(item, image=pictures.get(item.number)) for item in shown]


def _crops(wanted: Sequence[Evidence], pixels: int, crop: Crop) -> dict[int, bytes]:
    """Number to picture. A figure whose crop cannot be made is shown by its words alone."""
    made = {}
    for item in wanted:
        region = item.hit.chunk.image
        if region is None:
            continue
        try:
            made[item.number] = resized_png(crop(region, pixels), pixels)
        except (DocumentError, StoreError, ValueError):
            continue
    return made
