"""Profile names to encoders and generators: a name is a row here and one file of its own."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version

from api.settings import Profile
from generate.answer import Generator
from index.embed import Encoders
from index.encode import JointEncoder
from index.manifest import FORMAT, Manifest

_LIBRARIES = ("pymupdf", "rapidocr", "onnxruntime", "tokenizers", "qdrant-edge-py", "numpy")


def make_encoders(profile: Profile) -> Encoders:
    """The encoders of a profile, loaded. Roles that name one model share it."""
    from index.minilm import MiniLm

    text = MiniLm()
    joint: dict[str, Callable[[], JointEncoder]] = {"builtin": lambda: _builtin_joint(text)}
    return Encoders(text=text, tokens=text.token_encoder(), joint=joint[profile.encoders.joint]())


def _builtin_joint(text: object) -> JointEncoder:
    from index.minilm import MiniLm
    from index.tower import BuiltinJoint

    if not isinstance(text, MiniLm):
        raise TypeError(f"the built-in image tower needs MiniLM as text encoder, not {text!r}")
    return BuiltinJoint(text)


def make_generator(profile: Profile, encoders: Encoders) -> Generator:
    """The generator of a profile."""
    from generate.extractive import Confidence, Extractive

    return Extractive(encoders.text, Confidence(threshold=profile.generate.threshold))


def manifest_of(profile: Profile, encoders: Encoders) -> Manifest:
    """What an index written with these encoders says of itself."""
    return Manifest(
        format=FORMAT,
        profile=profile.name,
        models={
            "text": encoders.text.name,
            "tokens": encoders.tokens.name,
            "joint": encoders.joint.name,
        },
        dimensions={
            "text": encoders.text.dim,
            "tokens": encoders.tokens.dim,
            "joint": encoders.joint.dim,
        },
        libraries={name: version(name) for name in _LIBRARIES},
    )
