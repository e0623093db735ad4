"""Makes what the tests of models are compared with: tensors, graphs and pictures, and what other programs make of them.

See README.md. Every expectation here comes from a program that is not ours, or from a few lines of numpy that follow the
family's own description.
"""

import json
from pathlib import Path

import cv2
import modlib.models.post_processors as modlib
import numpy as np
import onnx
import onnxruntime
import supervision
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

ROOT = Path(__file__).resolve().parent.parent
TENSORS = ROOT / "crates/playfield-core/testdata/model"
GRAPHS = ROOT / "crates/playfield-runtime/testdata/model"
random = np.random.default_rng(2026)


def floats(array):
    """Numbers that are the same as 32-bit floats once they are read again."""
    return [float(np.format_float_positional(x, precision=6, fractional=False)) for x in np.asarray(array, np.float32).ravel()]


def rounded(array):
    return np.array(floats(array), np.float32).reshape(np.shape(array))


def tensor(array):
    return {"shape": list(np.shape(array)), "data": floats(array)}


# --- Suppression -----------------------------------------------------------------------------------------------------------------


def clusters(count, size, classes):
    """Boxes (corners, in pixels), scores and classes; many show the same thing."""
    width, height = size
    middles = random.uniform([0, 0], size, (max(count // 8, 1), 2))
    sides = random.uniform([width / 16, height / 16], [width / 3, height / 3], middles.shape)
    which = random.integers(0, len(middles), count)
    middle = middles[which] + random.normal(0, 3, (count, 2))
    side = sides[which] * random.uniform(0.8, 1.25, (count, 2))
    boxes = rounded(np.concatenate([middle - side / 2, middle + side / 2], 1))
    scores = rounded(random.permutation(count) / count * 0.98 + 0.01)
    return boxes, scores, random.integers(0, classes, count)


def kept_by_supervision(boxes, scores, classes, iou, agnostic):
    category = np.zeros_like(classes) if agnostic else classes
    rows = np.concatenate([boxes, scores[:, None], category[:, None]], 1)
    keep = np.flatnonzero(supervision.box_non_max_suppression(rows, iou))
    return [int(index) for index in keep[np.argsort(-scores[keep], kind="stable")]]


def kept_by_onnxruntime(boxes, scores, classes, iou, agnostic):
    """By the operator NonMaxSuppression, which looks at each class for itself."""
    count = 1 if agnostic else int(classes.max()) + 1
    by_class = np.zeros((1, count, len(boxes)), np.float32)
    by_class[0, 0 if agnostic else classes, np.arange(len(boxes))] = scores
    node = helper.make_node("NonMaxSuppression", ["b", "s", "m", "i", "t"], ["o"])
    infos = [
        helper.make_tensor_value_info("b", TensorProto.FLOAT, [1, None, 4]),
        helper.make_tensor_value_info("s", TensorProto.FLOAT, [1, None, None]),
        helper.make_tensor_value_info("m", TensorProto.INT64, [1]),
        helper.make_tensor_value_info("i", TensorProto.FLOAT, [1]),
        helper.make_tensor_value_info("t", TensorProto.FLOAT, [1]),
    ]
    graph = helper.make_graph([node], "nms", infos, [helper.make_tensor_value_info("o", TensorProto.INT64, [None, 3])])
    session = onnxruntime.InferenceSession(model(graph).SerializeToString())
    feed = {"b": boxes[None], "s": by_class, "m": np.array([1000]), "i": np.array([iou], np.float32), "t": np.array([0.001], np.float32)}
    keep = session.run(None, feed)[0][:, 2]
    return [int(index) for index in keep[np.argsort(-scores[keep], kind="stable")]]


def suppression():
    cases = []
    for count, iou, agnostic in [(40, 0.5, False), (120, 0.45, False), (120, 0.7, True), (1, 0.5, False), (200, 0.3, False)]:
        boxes, scores, classes = clusters(count, (320, 192), 3)
        kept = kept_by_supervision(boxes, scores, classes, iou, agnostic)
        assert kept == kept_by_onnxruntime(boxes, scores, classes, iou, agnostic), (count, iou)
        cases.append(
            {"iou": iou, "agnostic": agnostic, "boxes": floats(boxes), "scores": floats(scores), "classes": classes.tolist(), "kept": kept}
        )
    return cases


# --- Families of tensors ---------------------------------------------------------------------------------------------------------


def manifest(decoder, size, labels, output="", fit="letterbox", keypoints=(), more=""):
    task = {"classes": "classify", "segments": "segment", "pose": "pose"}.get(decoder, "detect")
    return (
        f'name = "m"\ntask = "{task}"\nfile = "m.onnx"\nlabels = {json.dumps(list(labels))}\nkeypoints = {json.dumps(list(keypoints))}\n'
        f'[input]\nsize = {list(size)}\nfit = "{fit}"\n{more}\n[output]\ndecoder = "{decoder}"\n{output}\n'
    )


def letterbox_back(points, size, source):
    """Pixels of a letterboxed picture as fractions of its source, by the formula of Ultralytics (scale_boxes)."""
    gain = min(size[0] / source[0], size[1] / source[1])
    pad = [round((size[axis] - round(source[axis] * gain)) / 2 - 0.1) for axis in (0, 1)]
    return (points - pad) / gain / source


def sure(scores, threshold):
    return np.flatnonzero(scores >= np.float32(threshold))


def objects(boxes, scores, classes, back, keep, joints=None):
    """What is found: corners in pixels, made fractions and cut to the picture."""
    found = []
    for index in keep:
        corners = np.clip(back(boxes[index].astype(np.float64).reshape(2, 2)), 0, 1).ravel()
        if corners[0] >= corners[2] or corners[1] >= corners[3]:
            continue
        entry = {"class": int(classes[index]), "score": float(scores[index]), "box": [float(side) for side in corners]}
        if joints is not None:
            places = np.clip(back(joints[index, :, :2].astype(np.float64)), 0, 1)
            entry["keypoints"] = np.concatenate([places, joints[index, :, 2:]], 1).ravel().tolist()
        found.append(entry)
    return found


def suppressed(boxes, scores, classes, threshold, iou):
    keep = sure(scores, threshold)
    return [int(keep[at]) for at in kept_by_supervision(boxes[keep], scores[keep], classes[keep], iou, False)]


def middles(boxes):
    return rounded(np.concatenate([(boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]], 1))


def corners(cxcywh):
    return np.concatenate([cxcywh[:, :2] - cxcywh[:, 2:] / 2, cxcywh[:, :2] + cxcywh[:, 2:] / 2], 1)


def case(name, toml, source, tensors, **expect):
    return {"name": name, "manifest": toml, "source": list(source), "tensors": [tensor(each) for each in tensors], **expect}


def yolo(size, source, fit, count=60, labels="abcd"):
    boxes, scores, classes = clusters(count, size, len(labels))
    grid = rounded(random.uniform(0, 0.3, (count, len(labels))) * scores[:, None])
    grid[np.arange(count), classes] = scores
    whole = middles(boxes)
    if fit == "letterbox":
        back = lambda points: letterbox_back(points, size, source)
    elif fit == "stretch":
        back = lambda points: points / size
    else:
        scale = max(size[0] / source[0], size[1] / source[1])
        offset = (np.array(source) - np.array(size) / scale) / 2
        back = lambda points: (points / scale + offset) / source
    found = corners(whole)
    keep = suppressed(found, scores, classes, 0.4, 0.5)
    return whole, grid, found, scores, classes, back, keep


def yolos():
    cases = []
    for size, source, fit in [
        ((320, 192), (1280, 720), "letterbox"),
        ((320, 320), (640, 479), "letterbox"),
        ((160, 160), (720, 1280), "letterbox"),
        ((320, 192), (640, 480), "stretch"),
        ((224, 224), (1280, 720), "crop"),
    ]:
        whole, grid, boxes, scores, classes, back, keep = yolo(size, source, fit)
        expect = objects(boxes, scores, classes, back, keep)
        columns = np.concatenate([whole, grid], 1).T[None]
        # Ultralytics forgets on the way back that a side was rounded to whole pixels.
        within = 0.5 / 240 if source == (640, 479) else 2e-5
        toml = manifest("yolo", size, "abcd", fit=fit)
        cases.append(case(f"yolo {fit} {size}", toml, source, [columns], objects=expect, within=within))

    size, source = (320, 192), (1280, 720)
    whole, grid, boxes, scores, classes, back, keep = yolo(size, source, "letterbox")
    sureness = rounded(random.uniform(0.5, 1, len(boxes)))
    rows = np.concatenate([whole, sureness[:, None], grid], 1)[None]
    both = (sureness * scores).astype(np.float32)
    keep = suppressed(boxes, both, classes, 0.4, 0.5)
    cases.append(case("yolo5", manifest("yolo5", size, "abcd"), source, [rows], objects=objects(boxes, both, classes, back, keep)))

    order = np.argsort(-scores)
    rows = np.concatenate([boxes, scores[:, None], classes[:, None]], 1)[order][None]
    expect = objects(boxes, scores, classes, back, [index for index in order if scores[index] >= 0.4])
    cases.append(case("end-to-end", manifest("end-to-end", size, "abcd"), source, [rows], objects=expect))

    joints = rounded(np.concatenate([random.uniform([0, 0], size, (60, 3, 2)), random.uniform(0, 1, (60, 3, 1))], 2))
    one = np.zeros_like(classes)
    keep = suppressed(boxes, scores, one, 0.4, 0.5)
    columns = np.concatenate([whole, scores[:, None], joints.reshape(60, 9)], 1).T[None]
    toml = manifest("pose", size, ["person"], keypoints=["nose", "left hand", "right hand"])
    expect = objects(boxes, scores, one, back, keep, joints)
    cases.append(case("pose", toml, source, [columns], objects=expect))
    return cases


def others():
    """Families that suppress by themselves, and whole pictures."""
    cases = []
    size, source = (320, 320), (640, 480)
    back = lambda points: points / size
    boxes, scores, classes = clusters(20, size, 4)
    order = np.argsort(-scores)
    boxes, scores, classes = np.clip(boxes[order], 0, 320), scores[order], classes[order].astype(np.float32)
    count = np.array([15], np.float32)

    def of_modlib(found):
        return [
            {"class": int(number), "score": float(score), "box": np.clip(box, 0, 1).astype(float).tolist()}
            for box, score, number in zip(found.bbox, found.confidence, found.class_id)
            if score >= 0.4
        ]

    flipped = rounded(boxes[:, [1, 0, 3, 2]] / 320)
    found = of_modlib(modlib.pp_od_bcsn([flipped, classes, scores, count]))
    tensors = [flipped[None], classes[None], scores[None], count]
    cases.append(case("ssd as TensorFlow has it", manifest("ssd", size, "abcd", fit="stretch"), source, tensors, objects=found))

    found = of_modlib(modlib.pp_od_bscn([flipped, scores, classes, count]))
    toml = manifest("ssd", size, "abcd", 'tensors = ["boxes", "scores", "classes", "count"]', "stretch")
    cases.append(case("ssd of an IMX500", toml, source, [flipped, scores, classes, count], objects=found))

    found = of_modlib(modlib.pp_od_yolo_ultralytics([boxes.copy(), scores, classes, count[0]], 320))
    toml = manifest("ssd", size, "abcd", 'order = "xyxy"\nunit = "pixel"\ntensors = ["boxes", "scores", "classes", "count"]', "stretch")
    cases.append(case("yolo of an IMX500", toml, source, [boxes, scores, classes, count], objects=found))

    logits = rounded(random.normal(-3, 3, (30, 4)))
    places = rounded(np.concatenate([random.uniform(0.2, 0.8, (30, 2)), random.uniform(0.05, 0.4, (30, 2))], 1))
    score = (1 / (1 + np.exp(-logits.max(1)))).astype(np.float32)
    keep = [index for index in np.argsort(-score, kind="stable") if score[index] >= 0.4]
    expect = objects(corners(places) * 320, score, logits.argmax(1), back, keep)
    cases.append(case("detr", manifest("detr", size, "abcd", fit="stretch"), source, [places[None], logits[None]], objects=expect))

    logits = rounded(random.normal(0, 2, (1, 12)))
    labels = [f"label {n}" for n in range(12)]
    for name, found, output, numbers in [
        ("logits", modlib.pp_cls_softmax([logits]), 'activation = "softmax"\n', logits),
        ("probabilities", modlib.pp_cls([rounded(1 / (1 + np.exp(-logits)))]), "", rounded(1 / (1 + np.exp(-logits)))),
    ]:
        expect = [{"class": int(n), "score": float(s)} for n, s in zip(found.class_id, found.confidence)][:5]
        expect = [label for label in expect if label["score"] >= 0.05]
        toml = manifest("classes", size, labels, output + "threshold = 0.05\nmost = 5")
        cases.append(case(name, toml, source, [numbers], labels=expect))

    planes = rounded(random.normal(0, 1, (3, 12, 16)))
    found = modlib.pp_segment([planes.argmax(0).astype(np.float32)])
    # modlib calls the background 255.
    classes = np.where(np.asarray(found.mask) == 255, 0, found.mask).astype(int)
    expect = {"width": 16, "height": 12, "classes": classes.ravel().tolist()}
    toml = manifest("segments", (64, 48), "abc", fit="stretch")
    cases.append(case("scores of places", toml, (640, 480), [planes[None]], map=expect))
    cases.append(case("classes of places", toml, (640, 480), [planes.argmax(0)[None]], map=expect))
    toml = manifest("segments", (64, 48), "abc", fit="stretch", more='layout = "nhwc"')
    cases.append(case("scores of places, by place", toml, (640, 480), [planes.transpose(1, 2, 0)[None]], map=expect))
    return cases


# --- Graphs ----------------------------------------------------------------------------------------------------------------------


def model(graph):
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="playfield")
    return made


def constant(name, array):
    return numpy_helper.from_array(np.asarray(array), name)


def picture_in(shape=(1, 3, 64, 96), kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info("images", kind, shape)


def out(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def cells(name="cells", size=(96, 64), cell=8, images="images", inputs=None, before=()):
    """Finds what is red, green or blue: each cell's mean colour, minus the others'. A detector whose answers are known."""
    across, down = size[0] // cell, size[1] // cell
    x, y = np.meshgrid(np.arange(across) * cell + cell / 2, np.arange(down) * cell + cell / 2)
    places = np.stack([x.ravel(), y.ravel(), np.full(x.size, cell), np.full(x.size, cell)])[None].astype(np.float32)
    colours = np.float32([[1, -1, -1], [-1, 1, -1], [-1, -1, 1]]).reshape(3, 3, 1, 1)
    nodes = [
        *before,
        helper.make_node("AveragePool", [images], ["mean"], kernel_shape=[cell, cell], strides=[cell, cell]),
        helper.make_node("Conv", ["mean", "colours"], ["differences"], kernel_shape=[1, 1], strides=[1, 1]),
        helper.make_node("Clip", ["differences", "zero", "one"], ["cut"]),
        helper.make_node("Reshape", ["cut", "shape"], ["scores"]),
        helper.make_node("Concat", ["places", "scores"], ["output0"], axis=1),
    ]
    constants = [
        constant("colours", colours),
        constant("places", places),
        constant("zero", np.float32(0)),
        constant("one", np.float32(1)),
        constant("shape", np.int64([1, 3, across * down])),
    ]
    inputs = inputs or [picture_in((1, 3, size[1], size[0]))]
    return model(helper.make_graph(nodes, name, inputs, [out("output0", [1, 7, across * down])], constants))


def weights(*shape, scale=1.0):
    return random.normal(0, scale / np.sqrt(np.prod(shape[1:])), shape).astype(np.float32)


def network(last="classes"):
    """Convolutions, batch normalisation, SiLU, an addition, a resize: what detectors are made of, with random weights."""
    nodes, constants = [], []

    def conv(source, to, outputs, inputs, kernel, stride=1, groups=1):
        constants.extend([constant(f"{to}.w", weights(outputs, inputs // groups, kernel, kernel, scale=1.6)), constant(f"{to}.b", weights(outputs))])
        pads = [kernel // 2] * 4
        nodes.append(
            helper.make_node("Conv", [source, f"{to}.w", f"{to}.b"], [f"{to}.c"], strides=[stride] * 2, pads=pads, group=groups, kernel_shape=[kernel] * 2)
        )
        nodes.append(helper.make_node("Sigmoid", [f"{to}.c"], [f"{to}.s"]))
        nodes.append(helper.make_node("Mul", [f"{to}.c", f"{to}.s"], [to]))

    conv("images", "a", 8, 3, 3, 2)
    conv("a", "b", 16, 8, 3, 2)
    conv("b", "c", 16, 16, 3, 1, 16)
    conv("c", "d", 16, 16, 1)
    nodes.append(helper.make_node("Add", ["b", "d"], ["e"]))
    nodes.append(helper.make_node("MaxPool", ["e"], ["f"], kernel_shape=[5, 5], strides=[1, 1], pads=[2, 2, 2, 2]))
    nodes.append(helper.make_node("Concat", ["e", "f"], ["g"], axis=1))
    conv("g", "h", 16, 32, 3, 2)
    if last == "classes":
        constants.extend([constant("i.w", weights(6, 16)), constant("i.b", weights(6))])
        nodes.append(helper.make_node("GlobalAveragePool", ["h"], ["pooled"]))
        nodes.append(helper.make_node("Flatten", ["pooled"], ["flat"]))
        nodes.append(helper.make_node("Gemm", ["flat", "i.w", "i.b"], ["logits"], transB=1))
        return model(helper.make_graph(nodes, "network", [picture_in()], [out("logits", [1, 6])], constants))
    constants.append(constant("twice", np.float32([1, 1, 2, 2])))
    conv("h", "i", 3, 16, 1)
    nodes.append(helper.make_node("Resize", ["i", "", "twice"], ["places"], mode="nearest", nearest_mode="floor", coordinate_transformation_mode="asymmetric"))
    return model(helper.make_graph(nodes, "network", [picture_in()], [out("places", [1, 3, 16, 24])], constants))


class Pictures(CalibrationDataReader):
    def __init__(self):
        self.left = [drawn(96, 64, seed)[None].transpose(0, 3, 1, 2).astype(np.float32) / 255 for seed in range(8)]

    def get_next(self):
        return {"images": self.left.pop()} if self.left else None


def odd(nodes, outputs, constants=(), inputs=None):
    return model(helper.make_graph(nodes, "odd", inputs or [picture_in()], outputs, constants))


def graphs():
    GRAPHS.mkdir(parents=True, exist_ok=True)
    made = {"cells": cells(), "classes": network(), "places": network("places")}
    made["bytes"] = cells(
        images="planes",
        inputs=[picture_in((1, 64, 96, 3), TensorProto.UINT8)],
        before=[
            helper.make_node("Cast", ["images"], ["floats"], to=TensorProto.FLOAT),
            helper.make_node("Div", ["floats", "most"], ["fractions"]),
            helper.make_node("Transpose", ["fractions"], ["planes"], perm=[0, 3, 1, 2]),
        ],
    )
    made["bytes"].graph.initializer.append(constant("most", np.float32(255)))
    # In its middle there are 737 MB: more than a camera has.
    made["large"] = cells(
        images="planes",
        before=[
            helper.make_node("Tile", ["images", "often"], ["many"]),
            helper.make_node("Slice", ["many", "first", "second", "first"], ["planes"]),
        ],
    )
    made["large"].graph.initializer.extend(
        [constant("often", np.int64([10_000, 1, 1, 1])), constant("first", np.int64([0])), constant("second", np.int64([1]))]
    )
    # What other engines have and ours does not, what reads other files, what fails only when it runs, and what takes two pictures.
    made["unknown"] = odd(
        [
            helper.make_node("MaxPool", ["images"], ["small", "where"], kernel_shape=[2, 2], strides=[2, 2]),
            helper.make_node("MaxUnpool", ["small", "where"], ["output0"], kernel_shape=[2, 2], strides=[2, 2]),
        ],
        [out("output0", [1, 3, 64, 96])],
    )
    other = constant("weights", np.zeros((3, 3, 1, 1), np.float32))
    other.ClearField("raw_data")
    other.data_location = TensorProto.EXTERNAL
    for key, value in [("location", "../../etc/hostname"), ("offset", "0"), ("length", "36")]:
        entry = other.external_data.add()
        entry.key, entry.value = key, value
    made["other-file"] = odd([helper.make_node("Conv", ["images", "weights"], ["output0"])], [out("output0", [1, 3, 64, 96])], [other])
    made["fails"] = odd([helper.make_node("Reshape", ["images", "shape"], ["output0"])], [out("output0", ["a", "b", "c"])], [constant("shape", np.int64([1, 7, 5]))])
    made["two-inputs"] = odd([helper.make_node("Add", ["images", "other"], ["output0"])], [out("output0", [1, 3, 64, 96])], inputs=[picture_in(), helper.make_tensor_value_info("other", TensorProto.FLOAT, [1, 3, 64, 96])])
    for name, each in made.items():
        if name not in ("other-file", "two-inputs"):
            onnx.checker.check_model(each)
        (GRAPHS / f"{name}.onnx").write_bytes(each.SerializeToString())
    quantize_static(
        str(GRAPHS / "classes.onnx"), str(GRAPHS / "int8.onnx"), Pictures(), quant_format=QuantFormat.QDQ,
        per_channel=False, reduce_range=True, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
    )


# --- Pictures --------------------------------------------------------------------------------------------------------------------


def drawn(width, height, seed=0):
    """A picture by a formula that the tests have too: slopes, stripes and noise."""
    x, y = np.meshgrid(np.arange(width, dtype=np.uint32), np.arange(height, dtype=np.uint32))
    noise = ((x * 2654435761 + y * 40503 + seed * 97) >> 7) & 63
    red = (x * 255 // width + noise) & 255
    green = (y * 255 // height + noise // 2) & 255
    blue = np.where((x // 5 + y // 3) % 2 == 0, 200, 30) + (noise & 31)
    return np.stack([red, green, blue], 2).astype(np.uint8)


def scaled():
    """Pictures as OpenCV scales them: by area where they shrink, between neighbours where they grow."""
    cases = []
    for source, size in [((96, 64), (48, 32)), ((100, 60), (33, 21)), ((97, 61), (24, 16)), ((9, 7), (32, 24))]:
        how = cv2.INTER_AREA if size[0] <= source[0] else cv2.INTER_LINEAR
        made = cv2.resize(drawn(*source).astype(np.float32), size, interpolation=how)
        cases.append({"source": list(source), "size": list(size), "rgb": [round(float(x), 2) for x in made.ravel()]})
    return cases


def answers():
    """What ONNX Runtime makes of a picture that already has the model's size."""
    picture = drawn(96, 64, 3)
    planes = picture[None].transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255)
    found = {}
    for name in ["cells", "classes", "places", "int8", "bytes"]:
        session = onnxruntime.InferenceSession(str(GRAPHS / f"{name}.onnx"))
        feed = picture[None] if name == "bytes" else planes
        found[name] = tensor(session.run(None, {"images": feed})[0])
    return found


def write(path, what):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(what, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    write(TENSORS / "suppression.json", suppression())
    write(TENSORS / "families.json", yolos() + others())
    graphs()
    write(GRAPHS / "scaled.json", scaled())
    write(GRAPHS / "answers.json", answers())
