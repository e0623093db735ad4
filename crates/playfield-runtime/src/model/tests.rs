//! Small models, made by `models/testdata.py`, in both engines: what they say is what ONNX Runtime said when they were made.
//!
//! ONNX Runtime is tried where its library is found: where the tests are told (`PLAYFIELD_ONNXRUNTIME=/path/to/libonnxruntime.so`),
//! or among the system's libraries.

use std::collections::BTreeMap;
use std::path::PathBuf;

use playfield_core::metadata::Rect;
use serde::Deserialize;

use super::prepare::Numbers;
use super::*;

#[derive(Deserialize)]
struct Answer {
    shape: Vec<usize>,
    data: Vec<f32>,
}

#[derive(Deserialize)]
struct Scaled {
    source: [u16; 2],
    size: [u16; 2],
    rgb: Vec<f32>,
}

fn file(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/model");
    std::fs::read(PathBuf::from(folder).join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The engines that are there.
fn engines() -> Vec<Engine> {
    let system = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib", "/usr/local/lib"];
    let system = system.map(|folder| format!("{folder}/libonnxruntime.so"));
    let libraries = std::env::var("PLAYFIELD_ONNXRUNTIME").ok().into_iter().chain(system);
    let library = libraries.map(PathBuf::from).find(|library| library.exists());
    if library.is_none() {
        eprintln!("skipped: ONNX Runtime is not installed, so models were tried with rten alone");
    }
    let runtime = library.map(|library| Engine::OnnxRuntime { library, threads: 1 });
    std::iter::once(Engine::default()).chain(runtime).collect()
}

/// The manifest of a model of 96 by 64 pixels.
fn manifest(decoder: &str, labels: &[&str], input: &str, output: &str) -> Manifest {
    let task = match decoder {
        "classes" => "classify",
        "segments" => "segment",
        _ => "detect",
    };
    let text = format!(
        "name = 'm'\ntask = '{task}'\nfile = 'm.onnx'\nlabels = {labels:?}\n\
         [input]\nsize = [96, 64]\n{input}\n[output]\ndecoder = '{decoder}'\n{output}"
    );
    Manifest::parse(&text).unwrap()
}

const COLOURS: &[&str] = &["red", "green", "blue"];
const BYTES: &str = "layout = 'nhwc'\nstd = [1, 1, 1]";
const LOGITS: &str = "activation = 'softmax'";
const SIX: &[&str] = &["a", "b", "c", "d", "e", "f"];

/// As `drawn` in `models/testdata.py`.
fn drawn(width: u16, height: u16, seed: u32) -> Picture {
    let mut picture = Picture::black(width, height, PixelFormat::Rgba8);
    for (at, pixel) in picture.pixels.chunks_exact_mut(4).enumerate() {
        let (x, y) = (at as u32 % u32::from(width), at as u32 / u32::from(width));
        let noise =
            x.wrapping_mul(2_654_435_761).wrapping_add(y.wrapping_mul(40_503)).wrapping_add(seed * 97) >> 7 & 63;
        let stripes = if (x / 5 + y / 3).is_multiple_of(2) { 200 } else { 30 };
        pixel[0] = (x * 255 / u32::from(width) + noise) as u8;
        pixel[1] = (y * 255 / u32::from(height) + noise / 2) as u8;
        pixel[2] = (stripes + (noise & 31)) as u8;
    }
    picture
}

fn fill(picture: &mut Picture, [left, top, right, bottom]: [usize; 4], colour: [u8; 3]) {
    let width = usize::from(picture.width);
    for y in top..bottom {
        for x in left..right {
            picture.pixels[(y * width + x) * 4..][..3].copy_from_slice(&colour);
        }
    }
}

#[test]
fn what_is_red_green_or_blue_is_found_where_it_is() {
    let mut picture = Picture::black(192, 64, PixelFormat::Rgba8);
    fill(&mut picture, [32, 16, 48, 32], [255, 0, 0]);
    fill(&mut picture, [160, 32, 176, 48], [0, 0, 255]);
    for engine in engines() {
        let mut model = Model::load(file("cells.onnx"), &manifest("yolo", COLOURS, "", ""), &engine).unwrap();
        let found = model.run(&picture).unwrap();
        let places: Vec<_> = found.objects.iter().map(|object| (object.class, object.area)).collect();
        let place = |left: f32, top: f32| Rect {
            left: left / 192.0,
            top: top / 64.0,
            right: (left + 16.0) / 192.0,
            bottom: (top + 16.0) / 64.0,
        };
        assert_eq!(places, [(0, place(32.0, 16.0)), (2, place(160.0, 32.0))], "{}", engine.name());
        assert!(found.objects.iter().all(|object| object.score > 0.99));
        assert!(model.stages().total() > Duration::ZERO);
    }
}

#[test]
fn engines_give_the_same_numbers() {
    let answers: BTreeMap<String, Answer> = serde_json::from_slice(&file("answers.json")).unwrap();
    for engine in engines() {
        // What is rounded to bytes inside the model may be rounded otherwise.
        for (name, manifest, within) in [
            ("cells", manifest("yolo", COLOURS, "", ""), 1e-5),
            ("bytes", manifest("yolo", COLOURS, BYTES, ""), 1e-5),
            ("classes", manifest("classes", SIX, "", LOGITS), 1e-4),
            ("int8", manifest("classes", SIX, "", LOGITS), 0.1),
            ("places", manifest("segments", COLOURS, "", ""), 1e-4),
        ] {
            let mut model = Model::load(file(&format!("{name}.onnx")), &manifest, &engine).unwrap();
            model.run(&drawn(96, 64, 3)).unwrap();
            let (is, expect) = (&model.network.results()[0], &answers[name]);
            assert_eq!(is.shape, expect.shape, "{name} in {}", engine.name());
            let off = is.data.iter().zip(&expect.data).map(|(is, expect)| (is - expect).abs()).fold(0.0, f32::max);
            assert!(off <= within, "{name} in {} is off by {off}", engine.name());
        }
    }
}

#[test]
fn a_picture_is_scaled_as_opencv_does_it() {
    let cases: Vec<Scaled> = serde_json::from_slice(&file("scaled.json")).unwrap();
    for Scaled { source: [width, height], size, rgb } in cases {
        let manifest = manifest("yolo", COLOURS, "layout = 'nhwc'\nstd = [1, 1, 1]\nfit = 'stretch'", "");
        let mut preparer = Preparer::new(&playfield_core::model::Input { size, ..manifest.input }, false);
        let picture = drawn(width, height, 0);
        let Numbers::Floats(numbers) = preparer.prepare(&picture).numbers else { panic!("bytes") };
        assert_eq!(numbers.len(), rgb.len());
        let off = numbers.iter().zip(&rgb).map(|(is, expect)| (is - expect).abs()).fold(0.0, f32::max);
        assert!(off < 1.5, "{width}x{height} to {size:?} is off by {off} of 255");
        let mean = numbers.iter().zip(&rgb).map(|(is, expect)| (is - expect).abs()).sum::<f32>() / rgb.len() as f32;
        assert!(mean < 0.3, "{width}x{height} to {size:?} is off by {mean} on the average");
    }
}

#[test]
fn what_is_no_such_model_is_refused_in_words() {
    let cells = manifest("yolo", COLOURS, "", "");
    let check = |bytes: Vec<u8>, manifest: &Manifest, expect: &[&str]| {
        for engine in engines() {
            let said = Model::load(bytes.clone(), manifest, &engine).unwrap_err().to_string();
            assert!(expect.iter().any(|expect| said.contains(expect)), "{}: {said}", engine.name());
        }
    };
    check(Vec::new(), &cells, &["has 0 bytes"]);
    check(b"hello".to_vec(), &cells, &["cannot load the model"]);
    let whole = file("classes.onnx");
    check(whole[..whole.len() / 2].to_vec(), &cells, &["cannot load the model", "does not run"]);
    check(file("other-file.onnx"), &cells, &["keeps its weights in another file (`../../etc/hostname`)"]);
    check(file("two-inputs.onnx"), &cells, &["has 2 inputs"]);
    check(file("fails.onnx"), &cells, &["does not run", "cannot load the model"]);
    check(file("classes.onnx"), &cells, &["is [1, 6], but `yolo` with 3 labels needs [1, 7, N]"]);
    check(file("classes.onnx"), &manifest("classes", SIX, "", ""), &["no scores of 0 to 1"]);
    check(file("bytes.onnx"), &manifest("yolo", COLOURS, "layout = 'nhwc'", ""), &["say `mean = [0, 0, 0]`"]);
    check(
        file("cells.onnx"),
        &manifest("yolo", COLOURS, "colour = 'gray'", ""),
        &["look at `input.size`, `input.colour`"],
    );
    let unknown = Model::load(file("unknown.onnx"), &cells, &Engine::default()).unwrap_err().to_string();
    assert!(unknown.contains("MaxUnpool"), "{unknown}");
    let nowhere = Engine::OnnxRuntime { library: "/nowhere/libonnxruntime.so".into(), threads: 1 };
    let refused = Model::load(file("cells.onnx"), &cells, &nowhere).unwrap_err().to_string();
    assert!(refused.contains("ONNX Runtime cannot be used"), "{refused}");
}

#[test]
fn a_model_that_is_damaged_is_refused_or_runs_but_takes_nobody_along() {
    let whole = file("classes.onnx");
    let manifest = manifest("classes", SIX, "", LOGITS);
    for at in (0..whole.len()).step_by(whole.len() / 60) {
        for damage in [0u8, 0xff, whole[at] ^ 1] {
            let mut bytes = whole.clone();
            bytes[at] = damage;
            if let Ok(mut model) = Model::load(bytes, &manifest, &Engine::default()) {
                let _ = model.run(&drawn(96, 64, 3));
            }
        }
    }
}

#[test]
fn a_picture_that_is_none_is_an_error_and_the_next_one_is_looked_at() {
    let mut model = Model::load(file("cells.onnx"), &manifest("yolo", COLOURS, "", ""), &Engine::default()).unwrap();
    let mut cut = drawn(96, 64, 0);
    cut.pixels.pop();
    let said = model.run(&cut).unwrap_err().to_string();
    assert!(said.contains("24575 bytes, which is not 96x64"), "{said}");
    assert!(model.run(&Picture::black(0, 0, PixelFormat::Rgba8)).is_err());
    let no_palette = Picture { palette: Vec::new(), ..Picture::black(8, 8, PixelFormat::Indexed8) };
    assert!(model.run(&no_palette).is_err());
    for (width, height) in [(1, 1), (1920, 1080), (1, 1080), (97, 63)] {
        model.run(&Picture::black(width, height, PixelFormat::Indexed8)).unwrap();
    }
}

#[test]
fn what_a_picture_costs_is_measured() {
    let mut model = Model::load(file("cells.onnx"), &manifest("yolo", COLOURS, "", ""), &Engine::default()).unwrap();
    let measured = model.measure(&[drawn(96, 64, 0), drawn(192, 64, 1)], 2, 9).unwrap();
    assert_eq!(measured.pictures, 9);
    assert!(measured.p95 >= measured.total && measured.median.infer > Duration::ZERO);
    assert_eq!(model.measure(&[], 2, 9).unwrap().pictures, 0);
}

#[test]
fn numbers_of_somebody_else_s_are_run_too_where_they_fit() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../models/street");
    let manifest = Manifest::parse(&std::fs::read_to_string(folder.join("model.toml")).unwrap()).unwrap();
    let load = |engine: &Engine| Model::load(std::fs::read(folder.join(&manifest.file)).unwrap(), &manifest, engine);
    for engine in engines() {
        let (mut model, [width, height]) = (load(&engine).unwrap(), manifest.input.size);
        let mut grey = Picture::black(width, height, PixelFormat::Rgba8);
        grey.pixels.fill(128);
        model.run(&grey).unwrap();
        let own: Vec<Vec<f32>> = model.results().iter().map(|tensor| tensor.data.to_vec()).collect();
        // The same as numbers: each channel after its mean and deviation.
        let shape = [1, 3, usize::from(height), usize::from(width)];
        let floats = vec![128.0 / 255.0; shape.iter().product()];
        let given = model.infer(shape, Numbers::Floats(&floats)).unwrap();
        for (given, own) in given.iter().zip(&own) {
            let apart = given.data.iter().zip(own).map(|(one, other)| (one - other).abs()).fold(0.0, f32::max);
            assert!(given.data.len() == own.len() && apart < 1e-3, "{apart}");
        }
        let mut refused = |shape: [usize; 4], numbers: Numbers<'_>, expect: &str| {
            let why = model.infer(shape, numbers).err().unwrap().to_string();
            assert!(why.contains(expect), "{why}");
        };
        refused(shape, Numbers::Bytes(&vec![128; floats.len()]), "it takes F32, and not U8");
        refused([1, 3, 8, 8], Numbers::Floats(&floats[..192]), "and not [1, 3, 8, 8]");
        refused(shape, Numbers::Floats(&floats[1..]), "which is not");
    }
}
