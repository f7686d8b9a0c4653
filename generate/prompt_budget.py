"""Hits to a prompt within a budget of tokens: what does not fit is shortened or left out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from octavo.generate.answer import GeneratorError
from octavo.generate.prompt import (
    Prompt,
    PromptEvidence,
    PromptLimits,
    PromptQuestion,
    build_prompt,
)
from octavo.generate.prompt_image import Crop, resized_png
from octavo.index.store import StoreError
from octavo.ingest.document import DocumentError
from octavo.ingest.text.sentences import sentences
from octavo.retrieve.query import Hit

_LEAST_PIXELS = 224  # under this a figure says nothing
_TRIES = 3  # sizes of the pictures that are counted before some are left out

#: Tokens of a prompt as the model would read it, pictures and chat template included.
CountTokens = Callable[[Prompt], int]


@dataclass(frozen=True, slots=True)
class FittedPrompt:
    """A prompt within its budget, what it shows, and the tokens it takes."""

    prompt: Prompt
    shown: tuple[PromptEvidence, ...]
    tokens: int


def fit_prompt(
    question: PromptQuestion,
    hits: Sequence[Hit],
    limits: PromptLimits,
    budget: int,
    count: CountTokens,
    crop: Crop | None,
) -> FittedPrompt:
    """As much of the evidence, best first, as `budget` tokens hold. What does not fit is left out
    from the end; the first that does not fit whole is shown without its picture or up to the end
    of a sentence. `crop` is None for a model that takes no images.

    Raises GeneratorError where the question leaves no room for any evidence.
    """
    question_tokens = count(build_prompt(question, ()))
    if question_tokens > budget:
        raise GeneratorError(
            f"the question and its rules take {question_tokens} tokens, and the model has room for "
            f"{budget}; ask shorter, with a smaller image, or give the model a larger context"
        )
    shown = [PromptEvidence(n, hit) for n, hit in enumerate(hits[: limits.hits], 1)]
    if crop is not None:
        shown = _with_images(question, shown, limits, budget, count, crop)

    def fits(items: Sequence[PromptEvidence]) -> bool:
        return count(build_prompt(question, items)) <= budget

    fitting = _largest_fitting(len(shown), lambda n: fits(shown[:n]))
    kept = shown[:fitting]
    if fitting < len(shown):
        kept += _fitting_part(shown[fitting], lambda part: fits([*kept, part]))
    if not kept and shown:
        raise GeneratorError(
            f"the question takes {question_tokens} of the model's {budget} tokens, and no sentence "
            "of the evidence fits beside it; give the model a larger context"
        )
    prompt = build_prompt(question, kept)
    return FittedPrompt(prompt, tuple(kept), count(prompt))


def _largest_fitting(top: int, fits: Callable[[int], bool]) -> int:
    """The largest n up to `top` for which `fits(n)`; `fits(0)` is known to hold."""
    if fits(top):
        return top
    low, high = 0, top
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def _fitting_part(
    item: PromptEvidence, fits: Callable[[PromptEvidence], bool]
) -> list[PromptEvidence]:
    """The most of one item that fits: without its picture, else up to the end of a sentence."""
    plain = replace(item, image=None)
    if item.image is not None and fits(plain):
        return [plain]
    parts = [_shortened(plain, end) for _, end in sentences(item.hit.chunk.text)]
    count = _largest_fitting(len(parts), lambda n: n == 0 or fits(parts[n - 1]))
    return [parts[count - 1]] if count else []


def _shortened(item: PromptEvidence, end: int) -> PromptEvidence:
    """The chunk's first `end` characters, and the printed lines that they stand on."""
    chunk = item.hit.chunk
    spans = tuple(replace(s, end=min(s.end, end)) for s in chunk.spans if s.start < end)
    text = chunk.text[:end]
    caption = chunk.caption if len(chunk.caption) <= end else text
    part = replace(chunk, text=text, spans=spans, caption=caption, context="")
    return replace(item, hit=replace(item.hit, chunk=part), shortened=end < len(chunk.text))


def _with_images(
    question: PromptQuestion,
    shown: Sequence[PromptEvidence],
    limits: PromptLimits,
    budget: int,
    count: CountTokens,
    crop: Crop,
) -> list[PromptEvidence]:
    """The evidence with crops, the best hits' first, made smaller until they keep their share."""
    max_images = limits.images - (question.image is not None)
    with_crops = [item for item in shown if item.hit.chunk.image is not None][: max(0, max_images)]
    if not with_crops:
        return list(shown)
    text_tokens = count(build_prompt(question, with_crops))
    image_budget = int(limits.image_share * budget)

    def image_tokens(images: Mapping[int, bytes]) -> int:
        return count(build_prompt(question, _images_added(with_crops, images))) - text_tokens

    pixels = limits.pixels
    images: dict[int, bytes] = {}
    for _ in range(_TRIES):
        images = _resized_crops(with_crops, pixels, crop)
        used = image_tokens(images)
        if used <= image_budget:
            return _images_added(shown, images)
        # Tokens of a picture grow with its area.
        pixels = max(_LEAST_PIXELS, int(0.95 * pixels * math.sqrt(image_budget / used)))
    while images and image_tokens(images) > image_budget:
        images.popitem()
    return _images_added(shown, images)


def _images_added(
    shown: Sequence[PromptEvidence], images: Mapping[int, bytes]
) -> list[PromptEvidence]:
    return [replace(item, image=images.get(item.number)) for item in shown]


def _resized_crops(wanted: Sequence[PromptEvidence], pixels: int, crop: Crop) -> dict[int, bytes]:
    """Number to picture. A figure whose crop cannot be made is shown by its words alone."""
    images = {}
    for item in wanted:
        region = item.hit.chunk.image
        if region is None:
            continue
        try:
            images[item.number] = resized_png(crop(region, pixels), pixels)
        except (DocumentError, StoreError, ValueError):
            continue
    return images
