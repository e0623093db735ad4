"""Makes networks of the size and shape of real ones, with random weights, and a model.toml for each: for measurements only.

    python models/bench.py FOLDER [SIDE]

`yolo` follows YOLOv8n (3.2 million parameters, 80 classes): CSP blocks, spatial pyramid, three heads, distribution of distances, all
of it inside the graph. `yolo-int8` is the same, quantised (QDQ). `mobilenet` follows MobileNetV2 at half width.
"""

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

random = np.random.default_rng(8)


class Net:
    """A graph that grows node by node; each call returns the name of what came out."""

    def __init__(self):
        self.nodes, self.constants, self.channels, self.count = [], [], {}, 0

    def op(self, kind, inputs, channels=None, **attributes):
        self.count += 1
        name = f"{kind.lower()}{self.count}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        self.channels[name] = channels or self.channels.get(inputs[0])
        return name

    def constant(self, array):
        self.count += 1
        name = f"constant{self.count}"
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def conv(self, source, outputs, kernel=1, stride=1, groups=1, active="silu"):
        inputs = self.channels[source]
        shape = (outputs, inputs // groups, kernel, kernel)
        weights = self.constant(random.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape).astype(np.float32))
        bias = self.constant(random.normal(0, 0.1, outputs).astype(np.float32))
        made = self.op(
            "Conv", [source, weights, bias], outputs, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[kernel // 2] * 4, group=groups, dilations=[1, 1]
        )
        if active == "silu":
            return self.op("Mul", [made, self.op("Sigmoid", [made])], outputs)
        if active == "relu6":
            return self.op("Clip", [made, self.constant(np.float32(0)), self.constant(np.float32(6))], outputs)
        return made

    def concat(self, parts, axis=1):
        return self.op("Concat", parts, sum(self.channels[part] for part in parts), axis=axis)

    def c2f(self, source, outputs, repeat, shortcut):
        half = outputs // 2
        both = self.conv(source, outputs)
        sizes = self.constant(np.int64([half, half]))
        self.count += 1
        parts = [f"split{self.count}.{n}" for n in (0, 1)]
        self.nodes.append(helper.make_node("Split", [both, sizes], parts, axis=1))
        self.channels.update({part: half for part in parts})
        for _ in range(repeat):
            inner = self.conv(self.conv(parts[-1], half, 3), half, 3)
            parts.append(self.op("Add", [parts[-1], inner]) if shortcut else inner)
        return self.conv(self.concat(parts), outputs)

    def pyramid(self, source, outputs):
        parts = [self.conv(source, self.channels[source] // 2)]
        for _ in range(3):
            parts.append(self.op("MaxPool", [parts[-1]], kernel_shape=[5, 5], strides=[1, 1], pads=[2] * 4))
        return self.conv(self.concat(parts), outputs)

    def twice(self, source):
        scales = self.constant(np.float32([1, 1, 2, 2]))
        return self.op("Resize", [source, "", scales], mode="nearest", nearest_mode="floor", coordinate_transformation_mode="asymmetric")

    def model(self, name, inputs, output, shape):
        self.nodes[-1].output[0] = output
        outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)]
        graph = helper.make_graph(self.nodes, name, inputs, outputs, self.constants)
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(made, full_check=True)
        return made


def images(net, side):
    net.channels["images"] = 3
    return [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, side, side])]


def yolo(side, classes=80):
    net = Net()
    inputs = images(net, side)
    x = net.conv(net.conv("images", 16, 3, 2), 32, 3, 2)
    x = net.conv(net.c2f(x, 32, 1, True), 64, 3, 2)
    p3 = net.c2f(x, 64, 2, True)
    p4 = net.c2f(net.conv(p3, 128, 3, 2), 128, 2, True)
    p5 = net.pyramid(net.c2f(net.conv(p4, 256, 3, 2), 256, 1, True), 256)
    n4 = net.c2f(net.concat([net.twice(p5), p4]), 128, 1, False)
    n3 = net.c2f(net.concat([net.twice(n4), p3]), 64, 1, False)
    n4 = net.c2f(net.concat([net.conv(n3, 64, 3, 2), n4]), 128, 1, False)
    n5 = net.c2f(net.concat([net.conv(n4, 128, 3, 2), p5]), 256, 1, False)
    heads, anchors, strides = [], [], []
    for feature, stride in [(n3, 8), (n4, 16), (n5, 32)]:
        boxes = net.conv(net.conv(net.conv(feature, 64, 3), 64, 3), 64, active=None)
        scores = net.conv(net.conv(net.conv(feature, 80, 3), 80, 3), classes, active=None)
        cells = side // stride
        flat = net.constant(np.int64([1, 64 + classes, cells * cells]))
        heads.append(net.op("Reshape", [net.concat([boxes, scores]), flat]))
        x, y = np.meshgrid(np.arange(cells) + 0.5, np.arange(cells) + 0.5)
        anchors.append(np.stack([x.ravel(), y.ravel()]))
        strides.append(np.full(cells * cells, stride))
    count = sum(len(each) for each in strides)
    anchors = np.concatenate(anchors, 1)[None].astype(np.float32)
    strides = np.concatenate(strides)[None, None].astype(np.float32)
    heads = net.op("Concat", heads, axis=2)
    net.count += 1
    boxes, scores = f"boxes{net.count}", f"scores{net.count}"
    net.nodes.append(helper.make_node("Split", [heads, net.constant(np.int64([64, classes]))], [boxes, scores], axis=1))
    sides = net.op("Reshape", [boxes, net.constant(np.int64([1, 4, 16, count]))])
    sides = net.op("Softmax", [net.op("Transpose", [sides], perm=[0, 2, 1, 3])], axis=1)
    net.channels[sides] = 16
    weights = net.constant(np.arange(16, dtype=np.float32).reshape(1, 16, 1, 1))
    sides = net.op("Conv", [sides, weights], kernel_shape=[1, 1], strides=[1, 1], pads=[0] * 4)
    sides = net.op("Reshape", [sides, net.constant(np.int64([1, 4, count]))])
    net.count += 1
    near, far = f"near{net.count}", f"far{net.count}"
    net.nodes.append(helper.make_node("Split", [sides, net.constant(np.int64([2, 2]))], [near, far], axis=1))
    where = net.constant(anchors)
    start, end = net.op("Sub", [where, near]), net.op("Add", [where, far])
    middle = net.op("Div", [net.op("Add", [start, end]), net.constant(np.float32(2))])
    boxes = net.op("Mul", [net.op("Concat", [middle, net.op("Sub", [end, start])], axis=1), net.constant(strides)])
    net.op("Concat", [boxes, net.op("Sigmoid", [scores])], axis=1)
    return net.model("yolo", inputs, "output0", [1, 4 + classes, count])


def mobilenet(side, classes=1000):
    net = Net()
    inputs = images(net, side)
    x = net.conv("images", 16, 3, 2, active="relu6")
    for expand, outputs, repeat, stride in [(1, 8, 1, 1), (6, 16, 2, 2), (6, 16, 3, 2), (6, 32, 4, 2), (6, 48, 3, 1), (6, 80, 3, 2), (6, 160, 1, 1)]:
        for nth in range(repeat):
            inputs_of, source = net.channels[x], x
            wide = inputs_of * expand
            y = net.conv(x, wide, active="relu6") if expand > 1 else x
            y = net.conv(y, wide, 3, stride if nth == 0 else 1, wide, active="relu6")
            y = net.conv(y, outputs, active=None)
            x = net.op("Add", [source, y]) if inputs_of == outputs and (nth > 0 or stride == 1) else y
    x = net.op("GlobalAveragePool", [net.conv(x, 1280, active="relu6")])
    x = net.op("Flatten", [x])
    weights = net.constant(random.normal(0, 0.02, (classes, 1280)).astype(np.float32))
    x = net.op("Gemm", [x, weights, net.constant(np.zeros(classes, np.float32))], transB=1)
    net.op("Softmax", [x], axis=1)
    return net.model("mobilenet", inputs, "probabilities", [1, classes])


class Noise(CalibrationDataReader):
    def __init__(self, side):
        self.left = [random.uniform(0, 1, (1, 3, side, side)).astype(np.float32) for _ in range(4)]

    def get_next(self):
        return {"images": self.left.pop()} if self.left else None


def manifest(folder, name, task, decoder, side, classes):
    labels = ", ".join(f'"class {n}"' for n in range(classes))
    (folder / f"{name}.toml").write_text(
        f'name = "{name}"\nversion = "1.0.0"\ntask = "{task}"\nfile = "{name}.onnx"\nlicence = "MIT OR Apache-2.0"\nlabels = [{labels}]\n'
        f'[input]\nsize = [{side}, {side}]\n[output]\ndecoder = "{decoder}"\n'
    )


if __name__ == "__main__":
    folder, side = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 320
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(yolo(side), folder / "yolo.onnx")
    onnx.save(mobilenet(224), folder / "mobilenet.onnx")
    quantize_static(
        str(folder / "yolo.onnx"), str(folder / "yolo-int8.onnx"), Noise(side), quant_format=QuantFormat.QDQ,
        op_types_to_quantize=["Conv"], per_channel=True, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, reduce_range=True,
    )
    for name in ["yolo", "yolo-int8"]:
        manifest(folder, name, "detect", "yolo", side, 80)
    manifest(folder, "mobilenet", "classify", "classes", 224, 1000)
    for file in sorted(folder.glob("*.onnx")):
        print(f"{file}  {file.stat().st_size / 1e6:.1f} MB")
