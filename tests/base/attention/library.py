"""The library's own networks with the weights of the tiny models: what ours is compared with."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from PIL import Image

from demos.base.attention.checkpoints import CAUSAL, MASKED, TRANSLATION, VISION
from demos.base.attention.model import AttentionModel, Reading
from demos.base.loader import building
from tests import pictures
from tests.tiny_attention import tiny_checkpoint, tiny_model

TEXTS = {CAUSAL: "The fox met a hen by the river. The fox", MASKED: "She opened the ___ and the ___.", TRANSLATION: "I have a red book."}
# The output projection of layer 0's attention, by stack.
PROJECTIONS = {
    CAUSAL: {"self": "gpt_neox.layers.0.attention.dense"},
    MASKED: {"self": "model.layers.0.attn.Wo"},
    TRANSLATION: {"encoder": "model.encoder.layers.0.self_attn.o_proj", "decoder": "model.decoder.layers.0.self_attn.o_proj",
                  "cross": "model.decoder.layers.0.cross_attn.o_proj"},
    VISION: {"self": "encoder.layers.0.self_attn.out_proj"},
}


@cache
def library_network(kind: str, implementation: str):
    """The library's class on the same weights, with "eager" or "sdpa" attention."""
    import transformers

    from demos.base.attention.load import _read_open_clip_tower

    folder = tiny_checkpoint(kind).folder
    classes = {CAUSAL: transformers.GPTNeoXForCausalLM, MASKED: transformers.ModernBertForMaskedLM,
               TRANSLATION: transformers.T5GemmaForConditionalGeneration}
    with building():                               # shared with tests that ask for gradients
        if kind == VISION:
            network = _read_open_clip_tower(folder)[0].eval()
            network.set_attn_implementation(implementation)
            return network
        network = classes[kind].from_pretrained(folder, attn_implementation="eager").eval()
    for config in (module.config for module in network.modules() if hasattr(module, "config")):
        config._attn_implementation = implementation   # T5Gemma's class refuses the fast kernel, which cannot bound its scores;
    return network                                     # here nothing bounds them


@cache
def question(kind: str) -> tuple[AttentionModel, Reading]:
    """The tiny model of a kind and what it reads; of the translator also what it wrote."""
    import torch

    model = tiny_model(kind)
    if kind == VISION:
        return model, model.read_picture(Image.fromarray(pictures.scene(64, 64)))
    reading = model.read_text(TEXTS[kind])
    if kind == TRANSLATION:
        with torch.inference_mode():
            reading = replace(reading, written=model.write(reading))
    return model, reading


def ask_library(kind: str, implementation: str, **more: object):
    """The library's whole output for `question(kind)`."""
    import torch

    model, reading = question(kind)
    inputs = {"pixel_values": reading.pixels} if kind == VISION else {"input_ids": reading.ids}
    if kind == TRANSLATION:
        inputs["decoder_input_ids"] = model.read_by_decoder(reading)
    with torch.inference_mode():
        return library_network(kind, implementation)(**inputs, **more)


def library_maps(kind: str) -> dict[str, tuple]:
    """Stack -> (B, heads, q, k) of each layer, as the library's eager attention returns them."""
    output = ask_library(kind, "eager", output_attentions=True)
    if kind == TRANSLATION:
        return {"encoder": output.encoder_attentions, "decoder": output.decoder_attentions, "cross": output.cross_attentions}
    return {"self": output.attentions}
