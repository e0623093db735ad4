//! Whether a model is what its manifest says, by what it tells of its inputs and outputs.

use super::manifest::{DecoderKind, Layout, Manifest, Role};

/// What the numbers of a tensor are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// 32-bit floats.
    F32,
    /// Bytes, 0 to 255.
    U8,
    /// Bytes, -128 to 127.
    I8,
    /// 32-bit whole numbers, or 64-bit ones that fit.
    I32,
    /// Anything else.
    Other,
}

/// What a model tells of one input or output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    /// Its name.
    pub name: String,
    /// What its numbers are, where it says so.
    pub element: Option<Element>,
    /// Its sizes from the outermost to the innermost, where it says so; none: any size.
    pub shape: Option<Vec<Option<usize>>>,
}

/// Why a model is not what its manifest says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A model of pictures takes one picture.
    #[error("the model has {0} inputs; one that looks at pictures has one")]
    Inputs(usize),
    /// Its input is no such picture.
    #[error("the model's input `{name}` is {is}, but its model.toml makes it {says}: {hint}")]
    Input {
        /// The input's name.
        name: String,
        /// What the model says.
        is: String,
        /// What the manifest says.
        says: String,
        /// What to look at.
        hint: &'static str,
    },
    /// It has too few outputs.
    #[error("the model has {is} outputs, and `{decoder}` needs {needs}")]
    Outputs {
        /// How many there are.
        is: usize,
        /// How many there have to be.
        needs: usize,
        /// The decoder's name.
        decoder: String,
    },
    /// An output cannot be read so.
    #[error("the model's output `{name}` is {is}, but `{decoder}` with {labels} labels needs {needs}")]
    Output {
        /// The output's name.
        name: String,
        /// Its shape.
        is: String,
        /// The decoder's name.
        decoder: String,
        /// Labels of the manifest.
        labels: usize,
        /// What it should be.
        needs: String,
    },
    /// Numbers that are no scores.
    #[error(
        "the model's output `{0}` holds numbers that are no scores of 0 to 1; if they are logits, say `activation = \"softmax\"` or `\"sigmoid\"`"
    )]
    Scores(String),
}

/// Whether a model with these inputs and outputs can be what the manifest says. What a model leaves open is seen when it runs.
pub fn fits(manifest: &Manifest, inputs: &[TensorInfo], outputs: &[TensorInfo]) -> Result<(), Refusal> {
    let [input] = inputs else { return Err(Refusal::Inputs(inputs.len())) };
    input_fits(manifest, input)?;
    let needs = manifest.output.roles().len();
    if outputs.len() < needs {
        return Err(Refusal::Outputs { is: outputs.len(), needs, decoder: decoder_name(manifest) });
    }
    outputs.iter().enumerate().take(needs).try_for_each(|(at, output)| {
        let Some(shape) = &output.shape else { return Ok(()) };
        if may_be(manifest, at, shape) { Ok(()) } else { Err(misfit(manifest, at, &output.name, &written(shape))) }
    })
}

fn input_fits(manifest: &Manifest, info: &TensorInfo) -> Result<(), Refusal> {
    let input = &manifest.input;
    let refuse = |is: String, says: String, hint| Err(Refusal::Input { name: info.name.clone(), is, says, hint });
    let [width, height] = input.size.map(usize::from);
    let channels = input.colour.channels();
    let wanted = match input.layout {
        Layout::Nchw => [1, channels, height, width],
        Layout::Nhwc => [1, height, width, channels],
    };
    if let Some(shape) = &info.shape
        && !agrees(shape, &wanted.map(Some))
    {
        let hint = "look at `input.size`, `input.colour` and `input.layout`";
        return refuse(written(shape), written(&wanted.map(Some)), hint);
    }
    match info.element {
        None | Some(Element::F32) => Ok(()),
        Some(Element::U8) if input.mean == [0.0; 3] && input.std == [1.0; 3] => Ok(()),
        Some(Element::U8) => refuse(
            "bytes".to_owned(),
            "numbers with a mean and a deviation".to_owned(),
            "say `mean = [0, 0, 0]` and `std = [1, 1, 1]`",
        ),
        Some(_) => {
            refuse("of another kind of number".to_owned(), "32-bit floats".to_owned(), "export it with such an input")
        }
    }
}

fn agrees(shape: &[Option<usize>], wanted: &[Option<usize>]) -> bool {
    let side = |(is, wanted): (&Option<usize>, &Option<usize>)| is.is_none() || wanted.is_none() || is == wanted;
    shape.len() == wanted.len() && shape.iter().zip(wanted).all(side)
}

/// Whether output `at` may have this shape; sizes that are not known are what they have to be.
pub(super) fn may_be(manifest: &Manifest, at: usize, shape: &[Option<usize>]) -> bool {
    let labels = manifest.labels.len();
    let is = |wanted: &[Option<usize>]| agrees(shape, wanted);
    let one = Some(1);
    // With or without a batch.
    let either = |wanted: &[Option<usize>]| is(wanted) || is(&wanted[1..]);
    match manifest.output.decoder {
        DecoderKind::Yolo => is(&[one, Some(4 + labels), None]) || is(&[one, None, Some(4 + labels)]),
        DecoderKind::Yolo5 => is(&[one, None, Some(5 + labels)]),
        DecoderKind::EndToEnd => is(&[one, None, Some(6)]),
        DecoderKind::Pose => {
            let joints = manifest.keypoints.len();
            [2, 3].iter().any(|each| is(&[one, Some(4 + labels + each * joints), None]))
        }
        DecoderKind::Classes => {
            is(&[Some(labels)])
                || is(&[one, Some(labels)])
                || is(&[one, Some(labels), one, one])
                || is(&[one, one, one, Some(labels)])
        }
        DecoderKind::Segments => shape.len() == 3 || shape.len() == 4,
        DecoderKind::Detr => match manifest.output.roles().get(at) {
            Some(Role::Boxes) => is(&[one, None, Some(4)]),
            // With softmax, the last class is that there is nothing.
            Some(Role::Scores) => [labels, labels + 1].iter().any(|classes| is(&[one, None, Some(*classes)])),
            _ => true,
        },
        DecoderKind::Ssd => match manifest.output.roles().get(at) {
            Some(Role::Boxes) => either(&[one, None, Some(4)]) || either(&[one, Some(4), None]),
            Some(Role::Scores | Role::Classes) => either(&[one, None]),
            Some(Role::Count) => shape.len() <= 2,
            _ => true,
        },
    }
}

/// What output `at` should have been.
pub(super) fn misfit(manifest: &Manifest, at: usize, name: &str, is: &str) -> Refusal {
    let (labels, joints) = (manifest.labels.len(), manifest.keypoints.len());
    let needs = match (manifest.output.decoder, manifest.output.roles().get(at)) {
        (DecoderKind::Yolo, _) => format!("[1, {}, N]", 4 + labels),
        (DecoderKind::Yolo5, _) => format!("[1, N, {}]", 5 + labels),
        (DecoderKind::EndToEnd, _) => "[1, N, 6]".to_owned(),
        (DecoderKind::Pose, _) => format!("[1, {}, N]", 4 + labels + 3 * joints),
        (DecoderKind::Classes, _) => format!("[1, {labels}]"),
        (DecoderKind::Segments, _) => format!("[1, {labels}, H, W] or [1, H, W]"),
        (DecoderKind::Detr, Some(Role::Scores)) => format!("[1, N, {labels}] for the scores"),
        (_, Some(Role::Boxes)) => "[1, N, 4] for the boxes".to_owned(),
        (_, Some(Role::Count)) => "[1] for the count".to_owned(),
        _ => "[1, N], of as many as there are boxes".to_owned(),
    };
    Refusal::Output { name: name.to_owned(), is: is.to_owned(), decoder: decoder_name(manifest), labels, needs }
}

/// The decoder as the manifest names it.
fn decoder_name(manifest: &Manifest) -> String {
    toml::Value::try_from(manifest.output.decoder)
        .ok()
        .and_then(|name| Some(name.as_str()?.to_owned()))
        .unwrap_or_default()
}

fn written(shape: &[Option<usize>]) -> String {
    let sizes: Vec<_> = shape.iter().map(|size| size.map_or("any".to_owned(), |size| size.to_string())).collect();
    format!("[{}]", sizes.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(name: &str, element: Element, shape: &[usize]) -> TensorInfo {
        // Zero: any size.
        let shape = shape.iter().map(|size| (*size > 0).then_some(*size)).collect();
        TensorInfo { name: name.to_owned(), element: Some(element), shape: Some(shape) }
    }

    fn manifest(decoder: &str, more: &str) -> Manifest {
        let task = match decoder {
            "classes" => "classify",
            "segments" => "segment",
            "pose" => "pose",
            _ => "detect",
        };
        let joints = if task == "pose" { "['nose', 'tail']" } else { "[]" };
        let text = format!(
            "name = 'm'\ntask = '{task}'\nfile = 'm.onnx'\nlabels = ['a', 'b', 'c']\nkeypoints = {joints}\n[input]\nsize = [64, 32]\n{more}\n[output]\ndecoder = '{decoder}'"
        );
        Manifest::parse(&text).unwrap()
    }

    #[test]
    fn an_input_that_is_no_such_picture_is_refused_in_words() {
        let out = [info("out", Element::F32, &[1, 7, 0])];
        let check = |more: &str, element, shape: &[usize], expect: &str| {
            let result = fits(&manifest("yolo", more), &[info("images", element, shape)], &out);
            let said = result.err().map(|refusal| refusal.to_string()).unwrap_or_default();
            assert!(if expect.is_empty() { said.is_empty() } else { said.contains(expect) }, "{said:?} for {expect:?}");
        };
        check("", Element::F32, &[1, 3, 32, 64], "");
        check("", Element::F32, &[0, 3, 0, 0], "");
        check("", Element::F32, &[1, 3, 64, 64], "is [1, 3, 64, 64], but its model.toml makes it [1, 3, 32, 64]");
        check("", Element::F32, &[1, 32, 64, 3], "`input.layout`");
        check("layout = 'nhwc'", Element::F32, &[1, 32, 64, 3], "");
        check("colour = 'gray'", Element::F32, &[1, 1, 32, 64], "");
        check("colour = 'gray'", Element::F32, &[1, 3, 32, 64], "`input.colour`");
        check("", Element::U8, &[1, 3, 32, 64], "std = [1, 1, 1]");
        check("std = [1, 1, 1]", Element::U8, &[1, 3, 32, 64], "");
        check("", Element::Other, &[1, 3, 32, 64], "32-bit floats");
        let none = fits(&manifest("yolo", ""), &[], &out).unwrap_err().to_string();
        assert!(none.contains("has 0 inputs"), "{none}");
    }

    #[test]
    fn an_output_that_cannot_be_read_so_is_refused_in_words() {
        let picture = [info("images", Element::F32, &[1, 3, 32, 64])];
        let check = |decoder: &str, shapes: &[&[usize]], expect: &str| {
            let outputs: Vec<_> = shapes.iter().map(|shape| info("out", Element::F32, shape)).collect();
            let result = fits(&manifest(decoder, ""), &picture, &outputs);
            let said = result.err().map(|refusal| refusal.to_string()).unwrap_or_default();
            assert!(
                if expect.is_empty() { said.is_empty() } else { said.contains(expect) },
                "{decoder} {shapes:?}: {said}"
            );
        };
        check("yolo", &[&[1, 7, 42]], "");
        check("yolo", &[&[1, 42, 7]], "");
        check("yolo", &[&[0, 0, 0]], "");
        check("yolo", &[&[1, 84, 42]], "is [1, 84, 42], but `yolo` with 3 labels needs [1, 7, N]");
        check("yolo", &[], "has 0 outputs, and `yolo` needs 1");
        check("yolo5", &[&[1, 42, 8]], "");
        check("yolo5", &[&[1, 42, 85]], "needs [1, N, 8]");
        check("end-to-end", &[&[1, 300, 6]], "");
        check("end-to-end", &[&[1, 6, 300]], "needs [1, N, 6]");
        check("ssd", &[&[1, 10, 4], &[1, 10], &[1, 10], &[1]], "");
        check("ssd", &[&[1, 10, 4], &[1, 10], &[1, 10]], "needs 4");
        check("ssd", &[&[1, 10, 5], &[1, 10], &[1, 10], &[1]], "for the boxes");
        check("detr", &[&[1, 300, 4], &[1, 300, 3]], "");
        check("detr", &[&[1, 300, 4], &[1, 300, 80]], "needs [1, N, 3] for the scores");
        check("classes", &[&[1, 3]], "");
        check("classes", &[&[1, 1000]], "needs [1, 3]");
        check("pose", &[&[1, 13, 42]], "");
        check("pose", &[&[1, 56, 42]], "needs [1, 13, N]");
        check("segments", &[&[1, 3, 16, 32]], "");
        check("segments", &[&[1, 3]], "needs [1, 3, H, W] or [1, H, W]");
    }
}
