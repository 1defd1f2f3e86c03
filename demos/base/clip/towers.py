"""The two towers of an open_clip CLIP as transformers models.

The diffusion demo conditions on the text tower, the attention viewer looks into the vision tower;
both speak transformers. The weights are renamed and reshaped, never changed, so features agree to
rounding. Only the plain architecture converts: pre-norm blocks, learned positions, class token, GELU.
"""

from pathlib import Path

BLOCK_NAMES = {"ln_1": "layer_norm1", "ln_2": "layer_norm2", "mlp.c_fc": "mlp.fc1", "mlp.c_proj": "mlp.fc2",
               "attn.out_proj": "self_attn.out_proj"}


def read_open_clip(folder: Path) -> tuple[dict, dict]:
    """model_cfg and the float32 state dict of an open_clip folder.

    Raises: FileNotFoundError when a file is missing.
    """
    import json

    from safetensors.torch import load_file

    config = json.loads((Path(folder) / "open_clip_config.json").read_text(encoding="utf-8"))["model_cfg"]
    state = load_file(Path(folder) / "open_clip_model.safetensors")
    return config, {name: value.float() for name, value in state.items()}


def rename_blocks(state: dict, prefix: str, target: str) -> dict:
    """The residual blocks below `prefix` under transformers' names below `target`.

    open_clip keeps query, key and value in one (3C, C) matrix; transformers keeps three.
    """
    renamed = {}
    for name, value in state.items():
        if not name.startswith(prefix):
            continue
        number, rest = name[len(prefix):].split(".", 1)
        if rest.startswith("attn.in_proj_"):
            kind = rest.removeprefix("attn.in_proj_")
            for part, piece in zip(("q_proj", "k_proj", "v_proj"), value.chunk(3)):
                renamed[f"{target}{number}.self_attn.{part}.{kind}"] = piece.contiguous()
        else:
            stem, kind = rest.rsplit(".", 1)
            renamed[f"{target}{number}.{BLOCK_NAMES[stem]}.{kind}"] = value
    return renamed


def text_config(config: dict, bos_id: int):
    """CLIPTextConfig of an open_clip model_cfg.

    Raises: ValueError when the tower is not CLIP's causal one that pools at its end mark.
    """
    from transformers import CLIPTextConfig

    text = config["text_cfg"]
    if text.get("pool_type") != "eos" or text.get("no_causal_mask") or text["eos_id"] == 2:
        raise ValueError("only a causal text tower that pools at an end mark other than id 2 converts")
    return CLIPTextConfig(
        vocab_size=text["vocab_size"], hidden_size=text["width"], num_hidden_layers=text["layers"],
        num_attention_heads=text["heads"], intermediate_size=round(text["width"] * text.get("mlp_ratio", 4.0)),
        max_position_embeddings=text["context_length"], projection_dim=config["embed_dim"], hidden_act="gelu",
        layer_norm_eps=1e-5, pad_token_id=text["pad_id"], bos_token_id=bos_id, eos_token_id=text["eos_id"])


def convert_text_tower(config: dict, state: dict, bos_id: int = 1):
    """CLIPTextModelWithProjection with open_clip's text weights, in eval mode.

    `.text_embeds` equals `encode_text(ids)`; the model without the projection is `.text_model`.
    """
    from transformers import CLIPTextModelWithProjection

    model = CLIPTextModelWithProjection(text_config(config, bos_id))
    renamed = rename_blocks(state, "transformer.resblocks.", "text_model.encoder.layers.")
    renamed |= {
        "text_model.embeddings.token_embedding.weight": state["token_embedding.weight"],
        "text_model.embeddings.position_embedding.weight": state["positional_embedding"],
        "text_model.final_layer_norm.weight": state["ln_final.weight"],
        "text_model.final_layer_norm.bias": state["ln_final.bias"],
        "text_projection.weight": state["text_projection"].T.contiguous()}
    return load_exactly(model, renamed)


def convert_text_model(config: dict, state: dict, bos_id: int = 1):
    """CLIPTextModel, without the projection: what a diffusion pipeline conditions on."""
    from transformers import CLIPTextModel

    projected = convert_text_tower(config, state, bos_id)
    model = CLIPTextModel(projected.config)
    kept = {name: value for name, value in projected.state_dict().items() if name != "text_projection.weight"}
    if not any(name.startswith("text_model.") for name in model.state_dict()):
        kept = {name.removeprefix("text_model."): value for name, value in kept.items()}
    return load_exactly(model, kept)


def vision_config(config: dict):
    """CLIPVisionConfig of an open_clip model_cfg.

    Raises: ValueError when the tower leaves out the first norm or pools otherwise.
    """
    from transformers import CLIPVisionConfig

    vision = config["vision_cfg"]
    if vision.get("no_ln_pre") or vision.get("pool_type", "tok") != "tok":
        raise ValueError("only a vision tower with a first norm and a class token converts")
    return CLIPVisionConfig(
        image_size=vision["image_size"], patch_size=vision["patch_size"], hidden_size=vision["width"],
        num_hidden_layers=vision["layers"], num_attention_heads=vision["width"] // vision["head_width"],
        intermediate_size=round(vision["width"] * vision.get("mlp_ratio", 4.0)),
        projection_dim=config["embed_dim"], hidden_act="gelu", layer_norm_eps=1e-5)


def convert_vision_tower(config: dict, state: dict):
    """CLIPVisionModelWithProjection with open_clip's vision weights, in eval mode.

    `.image_embeds` equals `encode_image(pixels)`.
    """
    from transformers import CLIPVisionModelWithProjection

    model = CLIPVisionModelWithProjection(vision_config(config))
    renamed = rename_blocks(state, "visual.transformer.resblocks.", "vision_model.encoder.layers.")
    renamed |= {
        "vision_model.embeddings.class_embedding": state["visual.class_embedding"],
        "vision_model.embeddings.patch_embedding.weight": state["visual.conv1.weight"],
        "vision_model.embeddings.position_embedding.weight": state["visual.positional_embedding"],
        "vision_model.pre_layrnorm.weight": state["visual.ln_pre.weight"],
        "vision_model.pre_layrnorm.bias": state["visual.ln_pre.bias"],
        "vision_model.post_layernorm.weight": state["visual.ln_post.weight"],
        "vision_model.post_layernorm.bias": state["visual.ln_post.bias"],
        "visual_projection.weight": state["visual.proj"].T.contiguous()}
    return load_exactly(model, renamed)


def convert_vision_model(config: dict, state: dict):
    """CLIPVisionModel, without the projection: patch tokens and attention maps."""
    from transformers import CLIPVisionModel

    projected = convert_vision_tower(config, state)
    model = CLIPVisionModel(projected.config)
    kept = {name: value for name, value in projected.state_dict().items() if name != "visual_projection.weight"}
    if not any(name.startswith("vision_model.") for name in model.state_dict()):
        kept = {name.removeprefix("vision_model."): value for name, value in kept.items()}
    return load_exactly(model, kept)


def load_exactly(model, state: dict):
    """Load every tensor and miss none; buffers that are counted, not learned, may be absent.

    Raises: ValueError naming the tensors that do not fit.
    """
    missing, unexpected = model.load_state_dict(state, strict=False)
    missing = [name for name in missing if not name.endswith("position_ids")]
    if missing or unexpected:
        raise ValueError(f"missing {missing}, unexpected {unexpected}")
    return model.eval()
