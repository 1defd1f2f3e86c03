"""The well-known transformers through the code of the pocket models: folders as the Hub holds them, the same classes
and flags with fewer layers, random weights. What the library says with `attn_implementation="eager"` is the truth."""

import json
import shutil
import unicodedata
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from PIL import Image

from demos.base.attention.capture import Watch
from demos.base.attention.checkpoints import CAUSAL, FULL_SIZE, KIND_OF, MASKED, TRANSLATION, VISION, attention_model_of
from demos.base.attention.load import load_attention_model, open_attention_model
from demos.base.checkpoints import find_checkpoint, open_folder, status
from demos.base.devices import pick_device
from demos.base.errors import UserError
from demos.base.loader import LOADER
from demos.base.spec import Checkpoint
from tests.base.published import Folders, configuration
from tests.full_attention import BROUGHT, CHINESE, PUBLISHED, write_distilgpt2

torch = pytest.importorskip("torch")

GPT2, QWEN3, SMOLLM2, MARIAN = ("openai-community/gpt2", "Qwen/Qwen3-0.6B", "HuggingFaceTB/SmolLM2-135M",
                                "Helsinki-NLP/opus-mt-en-zh")
BERT, MULTILINGUAL = "google-bert/bert-base-uncased", "google-bert/bert-base-multilingual-cased"
VIT, DINO, PYTHIA = "google/vit-base-patch16-224", "facebook/dino-vits8", "EleutherAI/pythia-70m"
WRITERS = PUBLISHED | BROUGHT
KINDS = KIND_OF | dict(zip(BROUGHT, (CAUSAL, MASKED, MASKED)))
NAMES = sorted(WRITERS)
CAUSALS = [name for name in NAMES if KINDS[name] == CAUSAL]
TEXTS = [name for name in NAMES if KINDS[name] != VISION]
# The layer behind an attention, whose inputs are its heads side by side.
BEHIND = {"gpt2": "attn.c_proj", "qwen3": "self_attn.o_proj", "llama": "self_attn.o_proj", "gpt_neox": "attention.dense",
          "bert": "attention.output.dense", "roberta": "attention.output.dense", "distilbert": "attention.out_lin",
          "marian": "encoder_attn.out_proj", "vit": "attention.o_proj"}
CLOSE = {"atol": 1e-5, "rtol": 1e-5}


pytestmark = pytest.mark.usefixtures("hub_or_nothing")
folder = Folders(WRITERS)


@pytest.fixture(scope="module", autouse=True)
def root(tmp_path_factory):
    with folder.below(tmp_path_factory.mktemp("full")):
        yield
    for made in (ours, theirs):
        made.cache_clear()


@cache
def ours(name):
    return load(folder(name))


@cache
def theirs(name):
    """The library's own network, called as its documentation says."""
    import transformers

    kind = getattr(transformers, configuration(folder(name))["architectures"][0])
    return kind.from_pretrained(folder(name), attn_implementation="eager", dtype=torch.float32).eval()


def load(path):
    return load_attention_model(find_checkpoint(str(path), (), allow_any=True), pick_device())


def refusal(path):
    with pytest.raises(UserError) as caught:
        load(path)
    return caught.value.key


def text_of(name):
    if "chinese" in name:
        return f"{CHINESE[:4]}[MASK]{CHINESE[4:9]}"
    return "The cat sat on ___ mat." if KINDS[name] == MASKED else "The cat sat on the mat."


def picture():
    return Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 140, 3), np.uint8))


def read(name):
    """What our model is given."""
    model = ours(name)
    if model.kind == VISION:
        return model.read_picture(picture())
    reading = model.read_text(text_of(name))
    return replace(reading, written=model.write(reading)) if model.kind == TRANSLATION else reading


def ask_library(name, **more):
    """What the library's network says of the same."""
    import transformers

    if KINDS[name] == VISION:
        prepare = transformers.ViTImageProcessor.from_pretrained(folder(name))
        inputs = prepare(picture(), return_tensors="pt")
    else:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder(name))
        gap = tokenizer.mask_token if KINDS[name] == MASKED else ""
        inputs = tokenizer(text_of(name).replace("___", gap), return_tensors="pt")
        if KINDS[name] == TRANSLATION:
            inputs["decoder_input_ids"] = ours(name).read_by_decoder(read(name))
    with torch.no_grad():
        return theirs(name)(**inputs, **more)


def every_map(output):
    """(stack, layer) -> probabilities, of a library's output."""
    stacks = {"encoder": "encoder_attentions", "decoder": "decoder_attentions", "cross": "cross_attentions", "self": "attentions"}
    return {(stack, layer): p for stack, field in stacks.items() for layer, p in enumerate(getattr(output, field, None) or ())}


def answer(name, model, states):
    """Scores by our way to the head; of a network without one its states."""
    if model.kind == VISION:
        return model.network.classifier(states[:, 0]) if model.labels else states
    return model.logits(states)


def library_answer(output):
    return output.logits if hasattr(output, "logits") else output.last_hidden_state


# -- opening -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", NAMES)
def test_each_opens_as_what_it_is(name):
    model, heads = ours(name), 6 if name == SMOLLM2 else 4
    assert model.kind == KINDS[name]
    stacks = ["cross", "encoder", "decoder"] if model.kind == TRANSLATION else ["self"]
    assert [(s.name, s.layers, s.heads) for s in model.stacks] == [(stack, 2, heads) for stack in stacks]
    assert [s.causal for s in model.stacks] == [s == "decoder" or model.kind == CAUSAL for s in stacks]
    # A pooling layer that nobody published is random in the library and absent here.
    network = theirs(name)
    assert model.parameters == sum(p.numel() for n, p in network.named_parameters() if "pooler" not in n)
    assert model.dtype_name == "float32" and type(model.network) is type(network)
    for key, tensor in model.network.state_dict().items():
        assert torch.equal(tensor, network.state_dict()[key]), key


def test_every_checkpoint_offered_was_written_and_says_what_it_costs():
    assert {checkpoint.id for checkpoint, _ in FULL_SIZE} == set(PUBLISHED)
    for checkpoint, kind in FULL_SIZE:
        assert attention_model_of(checkpoint.id) is checkpoint and KIND_OF[checkpoint.id] == kind
        # Float32 or bfloat16, and the head once or twice.
        assert any(checkpoint.megabytes == pytest.approx(size * checkpoint.parameters, rel=0.12) for size in (2, 2.5, 4))
        assert checkpoint.gigabytes * 1000 > 4 * checkpoint.parameters
        assert checkpoint.revision is None or checkpoint.revision == "refs/pr/6" or len(checkpoint.revision) == 40
        assert not any(pattern.endswith((".bin", ".pt", ".py", "*")) for pattern in checkpoint.files)


@pytest.mark.parametrize("name, prefix", [
    (GPT2, "h.1.attn.c_attn.weight"), (BERT, "cls.predictions.transform"), (BERT, "bert.encoder.layer.1"),
    (MARIAN, "model.decoder.layers.0.encoder_attn.q_proj"), (VIT, "classifier"), (DINO, "layernorm")])
def test_a_file_that_lacks_tensors_is_refused(name, prefix, tmp_path):
    """The library would go on with random numbers."""
    from safetensors.torch import load_file, save_file

    copy = shutil.copytree(folder(name), tmp_path / "copy")
    tensors = load_file(copy / "model.safetensors")
    fewer = {key: tensor for key, tensor in tensors.items() if not key.startswith(prefix)}
    assert len(fewer) < len(tensors)
    save_file(fewer, copy / "model.safetensors", metadata={"format": "pt"})
    assert refusal(copy) == "checkpoint_broken"


@pytest.mark.parametrize("name, file, key", [
    (MARIAN, "source.spm", "checkpoint_broken"), (MARIAN, "vocab.json", "checkpoint_broken"),
    (VIT, "preprocessor_config.json", "checkpoint_broken"), (GPT2, "config.json", "folder_not_a_model")])
def test_a_folder_that_lacks_a_file_is_refused(name, file, key, tmp_path):
    copy = shutil.copytree(folder(name), tmp_path / "copy")
    (copy / file).unlink()
    assert refusal(copy) == key


def test_a_pickle_is_never_opened(tmp_path, monkeypatch):
    copy = shutil.copytree(folder(GPT2), tmp_path / "copy")
    (copy / "pytorch_model.bin").write_bytes(b"a pickle")
    monkeypatch.setattr(torch, "load", lambda *a, **k: pytest.fail("a pickle was opened"))
    load(copy)
    (copy / "model.safetensors").unlink()
    assert refusal(copy) == "checkpoint_pickle_only"


# -- the same numbers ----------------------------------------------------------------------------------
@pytest.mark.parametrize("name", NAMES)
def test_every_map_and_the_answer_are_the_librarys(name):
    model, reading = ours(name), read(name)
    expected = ask_library(name, output_attentions=True)
    watch = Watch(model.sites)
    with torch.inference_mode():
        states = model.states(reading, watch).last_hidden_state
        unwatched = model.states(reading).last_hidden_state
        found = answer(name, model, states)
    maps = every_map(expected)
    assert watch.maps.keys() == maps.keys() and len(maps) == sum(stack.layers for stack in model.stacks)
    for site, p in maps.items():
        torch.testing.assert_close(watch.maps[site], p, atol=1e-5, rtol=0, msg=str(site))
        assert p.std() > 0.02, "a random network's attention should choose"
    torch.testing.assert_close(found, library_answer(expected), **CLOSE)
    torch.testing.assert_close(unwatched, states, **CLOSE)


@pytest.mark.parametrize("name", TEXTS)
def test_the_states_of_every_layer_lead_to_the_answer(name):
    """For the lens: states after each layer, and the norm that the last ones pass before the head."""
    model, reading = ours(name), read(name)
    expected = ask_library(name, output_hidden_states=True)
    with torch.inference_mode():
        output = model.states(reading, more_states=True)
    decoder = model.kind == TRANSLATION
    states = output.decoder_hidden_states if decoder else output.hidden_states
    assert (getattr(output, "hidden_states", None) is None) == decoder and len(states) == 3
    for mine, other in zip(states, expected.decoder_hidden_states if decoder else expected.hidden_states):
        torch.testing.assert_close(mine, other, **CLOSE)
    torch.testing.assert_close(states[-1], output.last_hidden_state, **CLOSE)
    with torch.inference_mode():
        torch.testing.assert_close(model.logits(states[-1]), expected.logits, **CLOSE)


NORMS = {GPT2: "ln_f", "distilbert/distilgpt2": "ln_f", PYTHIA: "final_layer_norm", QWEN3: "norm", SMOLLM2: "norm"}


@pytest.mark.parametrize("name", CAUSALS)
def test_the_norm_before_the_head_is_found(name):
    model, reading, kept = ours(name), read(name), []
    norm = model.final_norm
    assert model.has_lens and norm is getattr(model.body, NORMS[name])
    layers = next(module for module in model.body.children() if isinstance(module, torch.nn.ModuleList))

    def note(module, inputs, output):
        kept.append(output[0] if isinstance(output, tuple) else output)

    handle = layers[-1].register_forward_hook(note)
    try:
        with torch.inference_mode():
            last = model.states(reading).last_hidden_state
            torch.testing.assert_close(norm(kept[0]), last, **CLOSE)
    finally:
        handle.remove()


@pytest.mark.parametrize("name", [name for name in TEXTS if name not in CAUSALS])
def test_where_there_is_no_norm_before_the_head_none_is_found(name):
    assert ours(name).has_lens and ours(name).final_norm is None


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("layer, head", [(0, 1), (1, 3)])
def test_a_head_switched_off_is_one_whose_output_is_nothing(name, layer, head):
    """In a network of the library: the head's part of the next layer's inputs is set to zero."""
    model, reading, network = ours(name), read(name), theirs(name)
    stack = model.stacks[0]
    keep = torch.ones(2, stack.heads)
    keep[1, head] = 0
    with torch.inference_mode():
        states = model.states(reading, Watch(model.sites, stacks=(), keep={(stack.name, layer): keep}), rows=2).last_hidden_state
        whole, less = answer(name, model, states)
    behind = [module for path, module in network.named_modules() if path.endswith(BEHIND[network.config.model_type])]
    assert len(behind) == 2

    def cut(module, inputs):
        heads = inputs[0].clone()
        width = heads.shape[-1] // stack.heads
        heads[..., head * width:(head + 1) * width] = 0
        return (heads, *inputs[1:])

    torch.testing.assert_close(whole, library_answer(ask_library(name))[0], **CLOSE)
    handle = behind[layer].register_forward_pre_hook(cut)
    try:
        torch.testing.assert_close(less, library_answer(ask_library(name))[0], **CLOSE)
    finally:
        handle.remove()
    assert float((whole - less).abs().max()) > 1e-3


def test_a_translation_is_the_librarys_likeliest_token_each_time():
    model = ours(MARIAN)
    reading = model.read_text("A dog ate the cat's fish.")
    with torch.inference_mode():
        written = model.write(reading)[0]
        expected = theirs(MARIAN).generate(reading.ids, num_beams=1, do_sample=False, max_new_tokens=len(written),
                                           forced_eos_token_id=None)[0]
    pad = configuration(folder(MARIAN))["pad_token_id"]
    assert expected[0] == pad == len(json.loads((folder(MARIAN) / "vocab.json").read_text(encoding="utf-8"))) - 1
    assert written.tolist() == expected[1:].tolist() and len(written) > 1 and pad not in written
    assert model.read_by_decoder(replace(reading, written=written[None]))[0, 0] == pad


# -- tokens --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", CAUSALS)
def test_text_is_cut_as_the_published_tokenizer_cuts_it(name):
    """`tokenizer.json` is what a network was trained with, whatever class it names."""
    from tokenizers import Tokenizer

    model = ours(name)
    for text in ("In 1999 we saw cats  2024.", "cafe\u0301, that's\n\n  it", f"the {CHINESE[:3]}"):
        reading = model.read_text(text)
        assert reading.ids[0].tolist() == Tokenizer.from_file(str(folder(name) / "tokenizer.json")).encode(text).ids
        shown = "".join(token.text for token in model.show(reading.ids[0].tolist()))
        if "\u27e8" not in shown:
            assert unicodedata.normalize("NFC", shown) == unicodedata.normalize("NFC", text)
        assert not any(token.special for token in model.show(reading.ids[0].tolist()))


def test_a_tokenizers_own_class_would_cut_otherwise():
    """Why the pipeline is taken from the file: the class that SmolLM2 names does not take digits one by one."""
    import transformers

    text = "cats  2024"
    published = [token.text for token in ours(SMOLLM2).show(ours(SMOLLM2).read_text(text).ids[0].tolist())]
    assert published[-5:] == ["  ", *"2024"]
    assert transformers.AutoTokenizer.from_pretrained(folder(SMOLLM2))(text).input_ids != ours(SMOLLM2).tokenizer(text).input_ids


@pytest.mark.parametrize("name, text, tokens", [
    (BERT, "The Cat ___ mats", ["[CLS]", "the", "cat", "[MASK]", "mat", "##s", "[SEP]"]),
    ("google-bert/bert-base-chinese", CHINESE[:3], ["[CLS]", *CHINESE[:3], "[SEP]"]),
    (MULTILINGUAL, "The \u0120\u010a\u043f", ["[CLS]", "The", "\u0120", "##\u010a", "##\u043f", "[SEP]"]),
    ("distilbert/distilbert-base-uncased", "A dog", ["[CLS]", "a", "dog", "[SEP]"]),
])
def test_word_pieces_are_shown_as_they_are(name, text, tokens):
    reading = ours(name).read_text(text)
    found = ours(name).show(reading.ids[0].tolist())
    assert [token.text for token in found] == tokens
    assert [token.special for token in found] == [token in ("[CLS]", "[SEP]", "[MASK]") for token in tokens]


def test_both_languages_of_a_translator_are_shown_and_joined():
    model = ours(MARIAN)
    reading = model.read_text("the cat")
    tokens = model.show(reading.ids[0].tolist())
    assert "".join(token.text for token in tokens[:-1]) == " the cat" and tokens[-1].special
    vocabulary = json.loads((folder(MARIAN) / "vocab.json").read_text(encoding="utf-8"))
    reading = model.read_text(">>cmn_Hans<< the cat")        # which Chinese, as its card would have it said
    assert model.show(reading.ids[0].tolist())[0].text == ">>cmn_Hans<<"
    target = [vocabulary[letter] for letter in CHINESE if letter in vocabulary]
    assert model.decode([*target, 0]) == "".join(letter for letter in CHINESE if letter in vocabulary) and len(target) > 3


# -- pictures ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name, grid, mean, deviation", [(VIT, 3, [0.5] * 3, [0.5] * 3),
                                                         (DINO, 6, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])
def test_a_picture_is_prepared_as_published(name, grid, mean, deviation):
    model = ours(name)
    assert (model.grid, model.limit) == ((grid, grid), grid * grid + 1)
    pixels = model.read_picture(Image.new("RGB", (90, 140), (200, 100, 50))).pixels
    assert pixels.shape == (1, 3, 48, 48)
    expected = (np.array([200, 100, 50]) / 255 - mean) / deviation
    np.testing.assert_allclose(pixels[0].mean((1, 2)), expected, atol=1e-4)
    np.testing.assert_array_equal(model.processor.undo(pixels[0])[20, 20], [200, 100, 50])


def test_classes_are_named_and_counted():
    assert ours(VIT).labels == tuple(f"class {number}" for number in range(12))
    assert ours(DINO).labels == ()


# -- the Hub -------------------------------------------------------------------------------------------
def test_from_the_hub_only_what_is_needed_arrives(hub, tmp_path):
    copy = shutil.copytree(folder(GPT2), tmp_path / "published")
    for extra in ("README.md", "pytorch_model.bin", "tf_model.h5", "flax_model.msgpack", "rust_model.ot", "64.tflite"):
        (copy / extra).write_bytes(b"not for us")
    commit = hub.add(GPT2, copy)
    published = attention_model_of(GPT2)
    assert status(published).kind == "download"
    with open_attention_model(published) as model, torch.inference_mode():
        found = model.logits(model.states(model.read_text("The cat")).last_hidden_state)
    assert {file.rpartition("@@")[2] for file in hub.downloaded()} == {path.name for path in folder(GPT2).iterdir()}
    assert status(published).kind == "cached" and open_folder(published).name == commit
    reading = ours(GPT2).read_text("The cat")
    with torch.inference_mode():
        torch.testing.assert_close(found, ours(GPT2).logits(ours(GPT2).states(reading).last_hidden_state), atol=0, rtol=0)


def test_a_repository_of_pickles_is_refused(hub, tmp_path):
    copy = shutil.copytree(folder(MARIAN), tmp_path / "published")
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    hub.add("Helsinki-NLP/opus-mt-zh-en", copy)
    with pytest.raises(UserError, match="checkpoint_pickle_only"):
        open_folder(Checkpoint(id="Helsinki-NLP/opus-mt-zh-en", name="x", licence="", parameters=0))
    assert hub.downloaded() == []


def test_a_translators_tensors_come_from_their_pull_request(hub, tmp_path):
    """Its main branch is pickles; the pull request holds everything, and is remembered for the next time."""
    main = shutil.copytree(folder(MARIAN), tmp_path / "main")
    (main / "model.safetensors").rename(main / "pytorch_model.bin")
    hub.add(MARIAN, main)
    published = attention_model_of(MARIAN)
    with pytest.raises(UserError, match="checkpoint_revision_missing"):
        open_folder(published)
    commit = hub.add(MARIAN, folder(MARIAN), pull="refs/pr/6")
    with open_attention_model(published) as model:
        assert model.kind == TRANSLATION
    found = {file.rpartition("@@")[2] for file in hub.downloaded()}
    assert found >= {"source.spm", "target.spm", "vocab.json", "model.safetensors"} and "pytorch_model.bin" not in found
    hub.requests.clear()
    LOADER.free_unused()
    assert status(published).kind == "cached" and open_folder(published).name == commit
    with open_attention_model(published):
        assert hub.requests == []


def test_what_is_not_pinned_may_not_bring_code(hub, tmp_path):
    """A pull request can change after it was looked at."""
    copy = shutil.copytree(folder(MARIAN), tmp_path / "published")
    (copy / "config.json").write_text(json.dumps(configuration(folder(MARIAN)) | {"auto_map": {"AutoModel": "code.Model"}}))
    hub.add(MARIAN, copy)
    hub.add(MARIAN, copy, pull="refs/pr/6")
    with pytest.raises(UserError, match="checkpoint_remote_code"):
        open_folder(attention_model_of(MARIAN))


def test_a_visitors_own_repository_opens_too(hub, tmp_path):
    write_distilgpt2(tmp_path / "published")
    hub.add("owner/mine", tmp_path / "published")
    with open_attention_model(find_checkpoint("owner/mine", (), allow_any=True)) as model:
        assert model.kind == CAUSAL
