"""The detector: one description, run by JAX to learn and written as ONNX to be used.

A plain convolutional network without anchors. Pictures of 320 x 192 shrink to cells of 4, 8 and 16 pixels; each says whether
something has its middle there, which class it is, and where its box lies. Only dense 3 x 3 and 1 x 1 convolutions: small
runtimes are quick at those. What is seen at large is doubled in size and added to what is seen in detail.

    images 3 -> 8 /2 -> 32 /4, 2 blocks -------------------------------------> + -> 32 -> 8 numbers a cell of 4
                          '-> 56 /8, 2 blocks -----------------> + -> 56 -> 32 '
                                   |                             |     '----------------> 8 numbers a cell of 8
                                   '-> 88 /16, 3 blocks -> 56 ---'
                                                     '-> 56 ----------------------------> 8 numbers a cell of 16
"""

import jax
import jax.numpy as jnp
import numpy as np
import onnx
from jax import lax
from onnx import TensorProto, helper, numpy_helper

WIDTH, HEIGHT = 320, 192
LABELS = ["person", "car", "truck", "bicycle"]
STRIDES = (4, 8, 16)
EPSILON = 1e-3

# name: (input channels, output channels, size of the kernel, stride)
LAYERS = {
    "stem1": (3, 8, 3, 2),
    "stem2": (8, 32, 3, 2),
    "block4a": (32, 32, 3, 1),
    "block4b": (32, 32, 3, 1),
    "down8": (32, 56, 3, 2),
    "block8a": (56, 56, 3, 1),
    "block8b": (56, 56, 3, 1),
    "down16": (56, 88, 3, 2),
    "block16a": (88, 88, 3, 1),
    "block16b": (88, 88, 3, 1),
    "block16c": (88, 88, 3, 1),
    "wide16": (88, 56, 1, 1),
    "head16": (88, 56, 3, 1),
    "head8": (56, 56, 3, 1),
    "wide8": (56, 32, 1, 1),
    "head4": (32, 32, 3, 1),
}
# The last layers have a bias in place of a normalisation.
NUMBERS = 4 + len(LABELS)
OUTPUTS = {"out4": (32, NUMBERS), "out8": (56, NUMBERS), "out16": (56, NUMBERS)}


def start(seed):
    """Weights to begin with, and the running means and variances of the normalisations."""
    key = jax.random.PRNGKey(seed)
    weights, stats = {}, {}
    for name, (cin, cout, size, _) in LAYERS.items():
        key, sub = jax.random.split(key)
        spread = (2 / (cin * size * size)) ** 0.5
        weights[name] = {
            "w": jax.random.normal(sub, (size, size, cin, cout)) * spread,
            # A block begins as doing nothing.
            "scale": jnp.full(cout, 0.1 if name.startswith("block") else 1.0),
            "bias": jnp.zeros(cout),
        }
        stats[name] = {"mean": jnp.zeros(cout), "var": jnp.ones(cout)}
    for name, (cin, cout) in OUTPUTS.items():
        key, sub = jax.random.split(key)
        bias = jnp.concatenate([jnp.zeros(2), jnp.full(2, 0.7), jnp.full(cout - 4, -4.5)])
        weights[name] = {"w": jax.random.normal(sub, (1, 1, cin, cout)) * 0.01, "bias": bias}
    return weights, stats


def resume(path, seed, images):
    """Weights and statistics to go on with: those of a written network, whose normalisations are set up anew so that it says the
    same of these images. A block that it has not begins as doing nothing, and channels that it has not are heard by nobody yet."""
    written = onnx.load(path).graph
    constants = {constant.name: numpy_helper.to_array(constant) for constant in written.initializer}
    found = {
        node.name.removesuffix("_conv"): [constants[name] for name in node.input[1:]]
        for node in written.node
        if node.op_type == "Conv"
    }
    weights, stats = start(seed)
    for name, (w, bias) in found.items():
        (cout, cin), mine = w.shape[:2], weights[name]
        mine["w"] = mine["w"].at[:, :, cin:, :cout].set(0.0).at[:, :, :cin, :cout].set(w.transpose(2, 3, 1, 0))
        mine["bias"] = mine["bias"].at[:cout].set(bias)
    # Without a normalisation it works as it was written.
    plain = {name: {"mean": s["mean"], "var": s["var"] - EPSILON} for name, s in stats.items()}
    for name in LAYERS:
        weights[name]["scale"] = jnp.full_like(weights[name]["bias"], float(name in found))
    _, stats = forward(weights, plain, images, False)
    for name in found.keys() & LAYERS.keys():
        weights[name]["scale"] = jnp.sqrt(stats[name]["var"] + EPSILON)
        weights[name]["bias"] += stats[name]["mean"]
    return weights, stats


def convolve(x, w, stride):
    pad = w.shape[0] // 2
    return lax.conv_general_dilated(
        x, w, (stride, stride), [(pad, pad), (pad, pad)], dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def forward(weights, stats, images, learning):
    """Raw numbers of all cells, [batch, cells, 8], and the new running statistics; when not learning, those of this batch."""
    new = {}

    def layer(name, x):
        p, s = weights[name], stats[name]
        y = convolve(x, p["w"], LAYERS[name][3])
        mean = y.mean((0, 1, 2))
        var = jnp.maximum((y * y).mean((0, 1, 2)) - mean * mean, 0.0)
        if learning:
            new[name] = {"mean": 0.97 * s["mean"] + 0.03 * mean, "var": 0.97 * s["var"] + 0.03 * var}
        else:
            new[name] = {"mean": mean, "var": var}
            mean, var = s["mean"], s["var"]
        gain = p["scale"] * lax.rsqrt(var + EPSILON)
        return y * gain + (p["bias"] - mean * gain)

    def relu(name, x):
        return jax.nn.relu(layer(name, x))

    def block(name, x):
        return jax.nn.relu(x + layer(name, x))

    def joined(name, wide, fine):
        return jax.nn.relu(jnp.repeat(jnp.repeat(layer(name, wide), 2, 1), 2, 2) + fine)

    f4 = block("block4b", block("block4a", relu("stem2", relu("stem1", images))))
    f8 = block("block8b", block("block8a", relu("down8", f4)))
    f16 = block("block16c", block("block16b", block("block16a", relu("down16", f8))))
    h8 = relu("head8", joined("wide16", f16, f8))
    heads = (relu("head4", joined("wide8", h8, f4)), h8, relu("head16", f16))
    out = []
    for name, head in zip(OUTPUTS, heads):
        y = convolve(head, weights[name]["w"], 1) + weights[name]["bias"]
        out.append(y.reshape(y.shape[0], -1, y.shape[-1]))
    return jnp.concatenate(out, 1), new


def cells():
    """Middle and stride of every cell, in pixels: [cells, 3]."""
    out = []
    for stride in STRIDES:
        ys, xs = np.mgrid[0 : HEIGHT // stride, 0 : WIDTH // stride]
        out.append(np.stack([(xs.ravel() + 0.5) * stride, (ys.ravel() + 0.5) * stride, np.full(xs.size, stride)], 1))
    return np.concatenate(out).astype(np.float32)


def boxes(raw, grid):
    """Boxes of raw numbers, as left, top, right, bottom in pixels."""
    middle = grid[:, :2] + raw[..., :2] * grid[:, 2:]
    half = jnp.exp(jnp.clip(raw[..., 2:4], -4.0, 5.0)) * grid[:, 2:] / 2
    return jnp.concatenate([middle - half, middle + half], -1)


def export(weights, stats, path):
    """Writes the network as ONNX: normalisations folded into the convolutions, boxes and scores worked out."""
    nodes, constants = [], []

    def constant(array):
        name = f"c{len(constants)}"
        constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(kind, inputs, name=None, **attributes):
        name = name or f"{kind.lower()}{len(nodes)}"
        nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def conv(name, x):
        p = {k: np.asarray(v) for k, v in weights[name].items()}
        w, bias, stride = p["w"], p["bias"], 1
        if name in stats:
            gain = p["scale"] / np.sqrt(np.asarray(stats[name]["var"]) + EPSILON)
            w, bias = w * gain, bias - np.asarray(stats[name]["mean"]) * gain
            stride = LAYERS[name][3]
        inputs = [x, constant(w.transpose(3, 2, 0, 1).astype(np.float32)), constant(bias.astype(np.float32))]
        size, pad = w.shape[0], w.shape[0] // 2
        return node("Conv", inputs, f"{name}_conv", kernel_shape=[size] * 2, strides=[stride] * 2, pads=[pad] * 4)

    def relu(name, x):
        return node("Relu", [conv(name, x)], name)

    def block(name, x):
        return node("Relu", [node("Add", [x, conv(name, x)])], name)

    scales = constant(np.array([1, 1, 2, 2], np.float32))
    how = dict(mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")

    def joined(name, wide, fine):
        return node("Relu", [node("Add", [node("Resize", [conv(name, wide), "", scales], **how), fine])])

    f4 = block("block4b", block("block4a", relu("stem2", relu("stem1", "images"))))
    f8 = block("block8b", block("block8a", relu("down8", f4)))
    f16 = block("block16c", block("block16b", block("block16a", relu("down16", f8))))
    h8 = relu("head8", joined("wide16", f16, f8))
    heads = (relu("head4", joined("wide8", h8, f4)), h8, relu("head16", f16))
    shape = constant(np.array([1, NUMBERS, -1], np.int64))
    flat = [node("Reshape", [conv(name, head), shape]) for name, head in zip(OUTPUTS, heads)]
    raw = node("Concat", flat, "raw", axis=2)

    def part(first, last):
        bounds = [constant(np.array([v], np.int64)) for v in (first, last, 1)]
        return node("Slice", [raw, *bounds])

    grid = cells().T[None]
    stride = constant(grid[:, 2:])
    middle = node("Add", [node("Mul", [part(0, 2), stride]), constant(grid[:, :2])])
    size = node("Mul", [node("Exp", [part(2, 4)]), stride])
    scores = node("Sigmoid", [part(4, NUMBERS)])
    node("Concat", [middle, size, scores], "output", axis=1)

    count = grid.shape[2]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "street",
        [value("images", TensorProto.FLOAT, [1, 3, HEIGHT, WIDTH])],
        [value("output", TensorProto.FLOAT, [1, NUMBERS, count])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="playfield")
    model.ir_version = 9
    onnx.checker.check_model(model)
    onnx.save(model, path)
