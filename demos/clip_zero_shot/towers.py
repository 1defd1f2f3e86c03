"""The two towers in training form: an open_clip model, its start values and a fast forward pass.

The architecture is open_clip's own CLIP, so nothing here is needed to use the weights. Two things
are: a start that lets a plain vision transformer look at neighbouring patches from the first step,
and attention written out with matrix products, because the fused kernel's backward pass is several
times slower on a CPU.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

EMBED_DIM = 192
POSITION_DIMS = 32  # 8 frequencies x (sine, cosine) x (row, column)
GRID = 8
NEIGHBOURS = ((0, 1), (0, -1), (1, 0), (-1, 0), (0, 0)), ((1, 1), (1, -1), (-1, 1), (-1, -1), (0, 2))
MEAN = STD = (0.5, 0.5, 0.5)


def model_config() -> dict:
    """open_clip's model_cfg: about 4.2 million parameters."""
    from demos.base.tokenizer import EOS_ID, PAD_ID, VOCABULARY

    return {
        "embed_dim": EMBED_DIM,
        "vision_cfg": {"image_size": 64, "patch_size": 8, "width": 192, "layers": 5, "head_width": 32,
                       "mlp_ratio": 4.0},
        "text_cfg": {"context_length": 48, "vocab_size": VOCABULARY, "width": 128, "heads": 4, "layers": 4,
                     "mlp_ratio": 4.0, "pool_type": "eos", "eos_id": EOS_ID, "pad_id": PAD_ID,
                     "hf_tokenizer_name": "tokenizer.json"},
    }


def preprocess_config() -> dict:
    """open_clip's preprocess_cfg: the whole picture, padded to a square with white."""
    return {"size": 64, "mean": list(MEAN), "std": list(STD), "interpolation": "bicubic",
            "resize_mode": "longest", "fill_color": 255}


def build_clip(config: dict | None = None):
    """A fresh open_clip CLIP with the structured start."""
    from open_clip.model import CLIP

    model = CLIP(**(config or model_config()))
    nn.init.normal_(model.token_embedding.weight, std=0.02)
    start_positions(model.visual)
    return model


def start_positions(visual) -> None:
    """Give each patch a sine code of its place and point early heads at fixed neighbours.

    With frequencies k*pi/8 the product of two codes peaks where the places agree; turning the query's
    code by an offset moves that peak to the neighbour. Content starts in the other dimensions.
    """
    count = POSITION_DIMS // 4
    frequency = torch.arange(1, count + 1) * math.pi / GRID
    rows, columns = torch.meshgrid(torch.arange(GRID), torch.arange(GRID), indexing="ij")
    with torch.no_grad():
        angles = torch.stack([rows.flatten(), columns.flatten()], 1)[:, :, None] * frequency
        code = torch.stack([angles.sin(), angles.cos()], -1).flatten(1)
        visual.positional_embedding.normal_(std=0.02)
        visual.positional_embedding[1:, :POSITION_DIMS] = code
        visual.positional_embedding[0, :POSITION_DIMS] = 0
        visual.class_embedding[:POSITION_DIMS] = 0
        visual.conv1.weight[:POSITION_DIMS] *= 0.1
        width = visual.class_embedding.shape[0]
        for depth, block in enumerate(visual.transformer.resblocks[:-1]):
            heads = block.attn.num_heads
            size = width // heads
            sharpness = 1.2 + 0.2 * depth
            for head, offset in zip(range(heads - 1), NEIGHBOURS[depth % 2]):
                query = block.attn.in_proj_weight[head * size:(head + 1) * size]
                key = block.attn.in_proj_weight[width + head * size:width + (head + 1) * size]
                query.mul_(0.3)
                key.mul_(0.3)
                query[:POSITION_DIMS, :POSITION_DIMS] = sharpness * turn_code(offset, frequency)
                key[:POSITION_DIMS, :POSITION_DIMS] = sharpness * torch.eye(POSITION_DIMS)


def turn_code(offset: tuple[int, int], frequency: torch.Tensor) -> torch.Tensor:
    """(32, 32) rotation that maps the code of a place to the code of place + offset."""
    blocks = []
    for step in offset:
        for angle in (step * frequency).tolist():
            cos, sin = math.cos(angle), math.sin(angle)
            blocks.append(torch.tensor([[cos, sin], [-sin, cos]]))
    return torch.block_diag(*blocks)


def start_patches(visual, pictures: torch.Tensor) -> None:
    """Begin the patch embedding as whitened principal components of (B, 3, 64, 64) pictures."""
    size = visual.conv1.kernel_size[0]
    patches = F.unfold(pictures, size, stride=size).transpose(1, 2).flatten(0, 1)
    values, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
    keep = min(visual.conv1.out_channels - POSITION_DIMS, patches.shape[1])
    whiten = vectors[:, -keep:] / (values[-keep:] + 0.02).sqrt()
    mix = torch.linalg.qr(torch.randn(keep, keep)).Q
    with torch.no_grad():
        visual.conv1.weight[POSITION_DIMS:POSITION_DIMS + keep] = (0.7 * whiten @ mix).T.unflatten(1, (3, size, size))


def run_block(block, x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
    """One pre-norm block on x (B, T, C), equal to open_clip's up to rounding, in x's dtype."""
    def cast(parameter):
        return parameter.to(x.dtype)

    attn, heads = block.attn, block.attn.num_heads
    normed = F.layer_norm(x, x.shape[-1:], cast(block.ln_1.weight), cast(block.ln_1.bias))
    mixed = F.linear(normed, cast(attn.in_proj_weight), cast(attn.in_proj_bias))
    q, k, v = mixed.unflatten(-1, (3, heads, -1)).permute(2, 0, 3, 1, 4)  # (B, H, T, C / H)
    scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
    if mask is not None:
        scores = scores + mask.to(x.dtype)
    attended = (scores.softmax(-1) @ v).transpose(1, 2).flatten(2)
    x = x + F.linear(attended, cast(attn.out_proj.weight), cast(attn.out_proj.bias))
    normed = F.layer_norm(x, x.shape[-1:], cast(block.ln_2.weight), cast(block.ln_2.bias))
    hidden = F.gelu(F.linear(normed, cast(block.mlp.c_fc.weight), cast(block.mlp.c_fc.bias)))
    return x + F.linear(hidden, cast(block.mlp.c_proj.weight), cast(block.mlp.c_proj.bias))


def encode_pictures(visual, pictures: torch.Tensor, dtype: torch.dtype = torch.bfloat16) -> torch.Tensor:
    """Vision tower for training: pictures (B, 3, 64, 64) -> features (B, E) float32, not normalised."""
    size = visual.conv1.kernel_size[0]
    patches = F.unfold(pictures, size, stride=size).transpose(1, 2).to(dtype)
    x = F.linear(patches, visual.conv1.weight.flatten(1).to(dtype))
    first = visual.class_embedding.to(dtype).expand(len(x), 1, -1)
    x = torch.cat([first, x], 1) + visual.positional_embedding.to(dtype)
    x = F.layer_norm(x, x.shape[-1:], visual.ln_pre.weight.to(dtype), visual.ln_pre.bias.to(dtype))
    for block in visual.transformer.resblocks:
        x = run_block(block, x)
    return visual.ln_post(x[:, 0].float()) @ visual.proj


def encode_texts(model, ids: torch.Tensor, dtype: torch.dtype = torch.bfloat16) -> torch.Tensor:
    """Text tower for training: ids (B, L) padded to the longest -> features (B, E) float32."""
    length = ids.shape[1]
    x = (model.token_embedding(ids) + model.positional_embedding[:length]).to(dtype)
    for block in model.transformer.resblocks:
        x = run_block(block, x, model.attn_mask[:length, :length])
    ends = (ids == model.text_eos_id).int().argmax(1)
    return model.ln_final(x[torch.arange(len(x)), ends].float()) @ model.text_projection


def encode_ragged(model, ids: torch.Tensor, pad_id: int = 0, parts: int = 4) -> torch.Tensor:
    """encode_texts for captions of very different lengths: sorted, in parts, each padded to its own longest."""
    lengths = (ids != pad_id).sum(1)
    order = lengths.argsort()
    features = [encode_texts(model, ids[chunk, :int(lengths[chunk].max())]) for chunk in order.chunk(parts)]
    return torch.cat(features)[order.argsort()]
