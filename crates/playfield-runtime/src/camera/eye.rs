//! What finds things in a picture: a model, or, where there is none, what moves.

use std::path::Path;

use playfield_core::camera::region;
use playfield_core::frame::{Picture, PixelFormat};
use playfield_core::metadata::{Object, Rect};
use playfield_core::model::{Decoder, Findings, Manifest};
use playfield_core::motion::{self, Motion};
use playfield_core::recording::Output;
use playfield_core::time::Time;
use playfield_core::track;

use super::source::Inferred;
use crate::model::{Engine, Failed, Model};
use crate::wasm::Tensors;

/// A model's manifest, in its folder.
const MANIFEST: &str = "model.toml";

/// What finds things.
pub(super) enum Eye {
    /// A model.
    Model(Box<Look>),
    /// What differs from what is usually there.
    Motion(Box<Motion>),
    /// A model that ran before the picture came here: its tensors are read.
    Sensor(Box<Sensor>),
}

/// A model that looks at each picture, and at parts of it.
pub(super) struct Look {
    model: Model,
    regions: Vec<Rect>,
    part: Picture,
    objects: Vec<Object>,
}

impl Look {
    fn look(&mut self, picture: &Picture) -> Result<&[Object], Failed> {
        let Look { model, regions, part, objects } = self;
        let mut closer = Vec::with_capacity(regions.len());
        for area in &*regions {
            cut_out(picture, area, part);
            closer.push(model.run(part)?.objects.clone());
        }
        // The whole picture comes last: its tensors are those that an app may get.
        objects.clone_from(&model.run(picture)?.objects);
        regions.iter().zip(&closer).for_each(|(area, found)| region::join(objects, area, found));
        if !regions.is_empty() {
            region::settle(objects);
        }
        Ok(objects)
    }
}

/// The part of an RGBA8 picture that lies in an area.
fn cut_out(picture: &Picture, area: &Rect, into: &mut Picture) {
    let [columns, rows] = region::pixels(area, picture.width, picture.height);
    (into.width, into.height, into.format) = (columns.len() as u16, rows.len() as u16, picture.format);
    into.pixels.clear();
    let (stride, pixel) = (picture.stride(), picture.format.bytes_per_pixel());
    for row in picture.pixels.chunks_exact(stride).take(rows.end).skip(rows.start) {
        into.pixels.extend_from_slice(&row[columns.start * pixel..columns.end * pixel]);
    }
}

/// A model that runs elsewhere.
pub(super) struct Sensor {
    manifest: Manifest,
    decoder: Decoder,
    findings: Findings,
}

impl Eye {
    /// Opens the model in a folder; without one, movement is found.
    pub(super) fn open(folder: Option<&Path>, engine: &Engine, regions: &[Rect]) -> Result<Eye, String> {
        let Some(folder) = folder else { return Ok(Eye::Motion(Box::new(Motion::new(motion::Config::default())))) };
        let (model, regions) = (load_model(folder, engine)?, regions.to_vec());
        let part = Picture::black(1, 1, PixelFormat::Rgba8);
        Ok(Eye::Model(Box::new(Look { model, regions, part, objects: Vec::new() })))
    }

    /// Reads what the model in a folder makes elsewhere; the model itself need not be there.
    pub(super) fn of_sensor(folder: Option<&Path>) -> Result<Eye, String> {
        let folder = folder.ok_or("tensors are read by a model's manifest, and none is named")?;
        let manifest = manifest(folder)?;
        let decoder = Decoder::new(&manifest);
        Ok(Eye::Sensor(Box::new(Sensor { manifest, decoder, findings: Findings::default() })))
    }

    /// What is to be seen in a picture of that time; where a model looked at it before, what that found.
    pub(super) fn look(
        &mut self,
        now: Time,
        picture: &Picture,
        inferred: Option<Inferred<'_>>,
    ) -> Result<Vec<Object>, String> {
        match self {
            Eye::Sensor(sensor) => {
                let Inferred { outputs, size } = inferred.ok_or("a picture came without tensors")?;
                let tensors: Vec<_> = outputs.iter().map(Output::tensor).collect();
                let Sensor { decoder, findings, .. } = &mut **sensor;
                decoder.decode(&tensors, size, findings).map_err(|error| error.to_string())?;
                Ok(findings.objects.clone())
            }
            Eye::Model(look) => Ok(look.look(picture).map_err(|error| error.to_string())?.to_vec()),
            Eye::Motion(motion) => Ok(motion.look(now, picture).to_vec()),
        }
    }

    /// What its model made of the picture that it looked at last, or what came with that; none: there is no model.
    pub(super) fn tensors(&self, inferred: Option<Inferred<'_>>) -> Option<Tensors> {
        let mut tensors = Tensors::default();
        let mut add = |shape: &[usize], data: &[f32]| {
            tensors.shapes.push(shape.iter().map(|size| u32::try_from(*size).unwrap_or(u32::MAX)).collect());
            tensors.bytes.extend(data.iter().flat_map(|number| number.to_le_bytes()));
        };
        match self {
            Eye::Model(look) => look.model.results().iter().for_each(|tensor| add(tensor.shape, tensor.data)),
            Eye::Sensor(_) => inferred?.outputs.iter().for_each(|output| add(&output.shape, &output.data)),
            Eye::Motion(_) => return None,
        }
        Some(tensors)
    }

    /// Its name and version.
    pub(super) fn name(&self) -> String {
        match self {
            Eye::Model(look) => format!("{} {}", look.model.manifest().name, look.model.manifest().version),
            Eye::Motion(_) => "movement".to_owned(),
            Eye::Sensor(sensor) => format!("{} {}, on the sensor", sensor.manifest.name, sensor.manifest.version),
        }
    }

    /// How what it finds is followed, in a picture of that width over height.
    pub(super) fn track(&self, aspect: f32) -> track::Config {
        let usual = track::Config { aspect, ..track::Config::default() };
        let output = match self {
            Eye::Model(look) => &look.model.manifest().output,
            Eye::Sensor(sensor) => &sensor.manifest.output,
            Eye::Motion(_) => return usual,
        };
        track::Config {
            sure: output.sure.unwrap_or(usual.sure),
            begin: output.begin.unwrap_or(usual.begin),
            overlap: output.overlap.unwrap_or(usual.overlap),
            ..usual
        }
    }

    /// Names of its classes.
    pub(super) fn labels(&self) -> Vec<String> {
        match self {
            Eye::Model(look) => look.model.manifest().labels.clone(),
            Eye::Motion(_) => vec![motion::LABEL.to_owned()],
            Eye::Sensor(sensor) => sensor.manifest.labels.clone(),
        }
    }
}

/// The model in a folder.
pub(super) fn load_model(folder: &Path, engine: &Engine) -> Result<Model, String> {
    let manifest = manifest(folder)?;
    let model = Model::load(read(folder, &manifest.file)?, &manifest, engine);
    model.map_err(|error| error.to_string())
}

fn read(folder: &Path, name: &str) -> Result<Vec<u8>, String> {
    std::fs::read(folder.join(name)).map_err(|error| format!("the model's {name} cannot be read: {error}"))
}

fn manifest(folder: &Path) -> Result<Manifest, String> {
    let text = String::from_utf8(read(folder, MANIFEST)?).map_err(|_| format!("{MANIFEST} is not UTF-8"))?;
    Manifest::parse(&text).map_err(|error| error.to_string())
}
