"""Profile rows and settings to a generator."""

from __future__ import annotations

from collections.abc import Callable

from octavo.api.encoder_factory import spec_of
from octavo.api.hub_offline import quiet_hub
from octavo.api.model_profile import GenerateSettings, Profile, SettingsError
from octavo.api.settings import Settings
from octavo.generate.answer import Generator
from octavo.generate.calibration import CalibratedGenerator, Calibration
from octavo.generate.llm.chat import ChatGenerator, ChatModel
from octavo.generate.prompt import PromptLimits
from octavo.generate.prompt_image import Crop
from octavo.index.encoders.encoder import TextEncoder

_Make = Callable[[Profile, Settings], ChatModel]


def make_generator(
    profile: Profile, settings: Settings, text: TextEncoder, crop: Crop
) -> Generator:
    """The generator of a profile; `settings.llm_url` puts an OpenAI-compatible server in its place.

    Raises ModelError where a model or a package is missing, SettingsError for settings that do
    not fit together.
    """
    backend = "openai" if settings.llm_url else profile.models.generator.backend
    if backend == "extractive":
        from octavo.generate.extractive import Confidence, Extractive

        how = Confidence(threshold=profile.generate.threshold, calibration=_calibration(profile))
        return Extractive(text, how)
    makers: dict[str, _Make] = {"openai": _openai, "transformers": _transformers}
    chat = ChatGenerator(makers[backend](profile, settings), text, crop, _limits(profile.generate))
    if profile.generate.calibration is None:
        return chat
    return CalibratedGenerator(chat, _calibration(profile), profile.generate.threshold)


def _calibration(profile: Profile) -> Calibration:
    return Calibration(*(profile.generate.calibration or ()))


def _limits(g: GenerateSettings) -> PromptLimits:
    return PromptLimits(images=g.pictures, pixels=g.picture_pixels)


def _openai(profile: Profile, settings: Settings) -> ChatModel:
    from octavo.generate.llm.openai import OpenAiChat, OpenAiOptions

    g, row = profile.generate, profile.models.generator
    url = settings.llm_url or g.url
    model = settings.llm_model or (row.model if row.backend != "extractive" else "")
    if not url or not model:
        raise SettingsError(
            "answers by a server need its address and the model's name there: set OCTAVO_LLM_URL "
            f"(found {url!r}; expected as in http://127.0.0.1:8000/v1) and OCTAVO_LLM_MODEL "
            f"(found {model!r})"
        )
    options = OpenAiOptions(
        images=g.pictures > 0,
        context_tokens=g.context_tokens,
        answer_tokens=g.answer_tokens,
        first=min(60.0, g.seconds),
        total=g.seconds,
    )
    return OpenAiChat(url, model, key=settings.llm_key.get_secret_value(), options=options)


def _transformers(profile: Profile, settings: Settings) -> ChatModel:
    from dataclasses import replace

    from octavo.generate.llm.transformers import TransformersChat

    quiet_hub()
    g, row = profile.generate, profile.models.generator
    spec = spec_of(row, profile, settings)
    spec = replace(spec, tokens=row.tokens or g.context_tokens)
    return TransformersChat(spec, g.answer_tokens, g.seconds)
