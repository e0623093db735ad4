//! The four schemas, between FlatBuffers and [`Output`]. Slots are numbered as the schema lists fields; a union takes two.

use super::flat::{Field, Place, Table, Vector, Writer};
use super::{
    Class, Count, Detection, Error, Found, Joint, Kind, MOST_JOINTS, MOST_OBJECTS, MOST_PLACES, MOST_POSES, Output,
    Pose, Segmentation, at_most,
};

/// The one member of each union.
const ONLY: u8 = 1;

pub(super) fn read(bytes: &[u8], kind: Option<Kind>) -> Result<Output, Error> {
    let root = Table::root(bytes)?;
    // The strictest first: what has no boxes is no detection, what has no joints is no pose.
    let kinds = match kind {
        Some(kind) => return read_as(root, kind),
        None => [Kind::Segmentation, Kind::Detection, Kind::Pose, Kind::Classification],
    };
    let mut last = Err(Error::Missing("output"));
    for kind in kinds {
        last = read_as(root, kind);
        if last.is_ok() {
            break;
        }
    }
    last
}

fn read_as(root: Table, kind: Kind) -> Result<Output, Error> {
    let perception = || root.table(0)?.ok_or(Error::Missing("perception"));
    let output = match kind {
        Kind::Detection => Output::Detection(detection(root)?),
        Kind::Classification => {
            let list = list(perception()?.vector(0, 4)?, MOST_OBJECTS, "classes")?;
            let class = |entry: Result<Table, Error>| {
                let entry = entry?;
                Ok(Class { class: entry.u32(0)?, score: entry.f32(1)? })
            };
            Output::Classification(list.into_iter().flat_map(Vector::tables).map(class).collect::<Result<_, Error>>()?)
        }
        Kind::Pose => {
            let list = list(perception()?.vector(0, 4)?, MOST_POSES, "poses")?;
            Output::Pose(
                list.into_iter().flat_map(Vector::tables).map(|entry| pose(entry?)).collect::<Result<_, Error>>()?,
            )
        }
        Kind::Segmentation => Output::Segmentation(segmentation(perception()?)?),
    };
    output.checked()
}

/// A vector that is not longer than it may be, so that nothing is made of a short message that repeats itself.
fn list<'a>(vector: Option<Vector<'a>>, most: usize, what: &'static str) -> Result<Option<Vector<'a>>, Error> {
    at_most(vector.map_or(0, |vector| vector.len()), most, what)?;
    Ok(vector)
}

/// `ObjectDetectionTop`; or, of earlier apps, a root that says which of two it is: that, or one with the counts before it.
fn detection(root: Table) -> Result<Detection, Error> {
    let plain = objects(root.table(0), root.vector(1, 4));
    if plain.is_ok() {
        return plain;
    }
    match (root.u8(0)?, root.table(1)) {
        (1, Ok(Some(top))) => objects(top.table(0), Ok(None)),
        (2, Ok(Some(top))) => objects(top.table(1), top.vector(0, 4)),
        _ => plain,
    }
}

fn objects(
    perception: Result<Option<Table>, Error>,
    counts: Result<Option<Vector>, Error>,
) -> Result<Detection, Error> {
    let found = |entry: Result<Table, Error>| {
        let entry = entry?;
        let area = entry.table(2)?.filter(|_| entry.u8(1) == Ok(ONLY)).ok_or(Error::Missing("bounding box"))?;
        let (left, top, right, bottom) = (area.i32(0)?, area.i32(1)?, area.i32(2)?, area.i32(3)?);
        Ok(Found { class: entry.u32(0)?, score: entry.f32(3)?, left, top, right, bottom })
    };
    let count = |entry: Result<Table, Error>| {
        let entry = entry?;
        Ok(Count { class: entry.u32(0)?, count: entry.u32(1)? })
    };
    let perception = perception?.ok_or(Error::Missing("perception"))?;
    let objects = list(perception.vector(0, 4)?, MOST_OBJECTS, "objects")?;
    let objects = objects.into_iter().flat_map(Vector::tables).map(found).collect::<Result<_, Error>>()?;
    let counts = list(counts?, MOST_OBJECTS, "counts")?;
    let area_count = counts.map(|counts| counts.tables().map(count).collect::<Result<_, Error>>()).transpose()?;
    Ok(Detection { objects, area_count })
}

fn pose(entry: Table) -> Result<Pose, Error> {
    let joint = |entry: Result<Table, Error>| {
        let entry = entry?;
        let at = entry.table(2)?.filter(|_| entry.u8(1) == Ok(ONLY)).ok_or(Error::Missing("point"))?;
        Ok(Joint { name: entry.u8(3)?, score: entry.f32(0)?, x: at.i32(0)?, y: at.i32(1)? })
    };
    let joints = entry.vector(1, 4)?.ok_or(Error::Missing("list of joints"))?;
    at_most(joints.len(), MOST_JOINTS, "joints")?;
    Ok(Pose { score: entry.f32(0)?, joints: joints.tables().map(joint).collect::<Result<_, Error>>()? })
}

fn segmentation(map: Table) -> Result<Segmentation, Error> {
    if map.slots() < 3 {
        return Err(Error::Missing("map of classes"));
    }
    let classes = map.vector(2, 2)?.ok_or(Error::Missing("map of classes"))?;
    at_most(classes.len(), MOST_PLACES, "places")?;
    Ok(Segmentation {
        height: map.u16(0)?,
        width: map.u16(1)?,
        classes: classes.u16s().collect(),
        num_classes: map.u16(3)?,
        scores: map.vector(4, 4)?.into_iter().flat_map(Vector::f32s).collect(),
    })
}

pub(super) fn write(output: &Output) -> Vec<u8> {
    let (mut writer, root) = Writer::new();
    match output {
        Output::Detection(detection) => write_detection(&mut writer, root, detection),
        Output::Classification(classes) => {
            let entries = write_list(&mut writer, root, classes.len());
            for (place, class) in entries.into_iter().zip(classes) {
                writer.table(place, &[Field::U32(class.class), Field::F32(class.score)]);
            }
        }
        Output::Pose(poses) => {
            let entries = write_list(&mut writer, root, poses.len());
            for (place, pose) in entries.into_iter().zip(poses) {
                write_pose(&mut writer, place, pose);
            }
        }
        Output::Segmentation(map) => write_segmentation(&mut writer, root, map),
    }
    writer.finish()
}

/// A root whose first field is a table whose first field is a list: what three of the schemas have in common.
fn write_list(writer: &mut Writer, root: Place, len: usize) -> Vec<Place> {
    let perception = writer.table(root, &[Field::Offset])[0];
    let list = writer.table(perception, &[Field::Offset])[0];
    writer.tables(list, len)
}

fn write_detection(writer: &mut Writer, root: Place, Detection { objects, area_count }: &Detection) {
    let counted = if area_count.is_some() { Field::Offset } else { Field::None };
    let places = writer.table(root, &[Field::Offset, counted]);
    let list = writer.table(places[0], &[Field::Offset])[0];
    for (place, found) in writer.tables(list, objects.len()).into_iter().zip(objects) {
        let fields = [Field::U32(found.class), Field::U8(ONLY), Field::Offset, Field::F32(found.score)];
        let area = writer.table(place, &fields)[0];
        writer.table(area, &[found.left, found.top, found.right, found.bottom].map(Field::I32));
    }
    let Some(counts) = area_count else { return };
    for (place, count) in writer.tables(places[1], counts.len()).into_iter().zip(counts) {
        writer.table(place, &[Field::U32(count.class), Field::U32(count.count)]);
    }
}

fn write_pose(writer: &mut Writer, place: Place, pose: &Pose) {
    let list = writer.table(place, &[Field::F32(pose.score), Field::Offset])[0];
    for (place, joint) in writer.tables(list, pose.joints.len()).into_iter().zip(&pose.joints) {
        let fields = [Field::F32(joint.score), Field::U8(ONLY), Field::Offset, Field::U8(joint.name)];
        let at = writer.table(place, &fields)[0];
        writer.table(at, &[joint.x, joint.y].map(Field::I32));
    }
}

fn write_segmentation(writer: &mut Writer, root: Place, map: &Segmentation) {
    let perception = writer.table(root, &[Field::Offset])[0];
    let scored = if map.scores.is_empty() { Field::None } else { Field::Offset };
    let fields = [Field::U16(map.height), Field::U16(map.width), Field::Offset, Field::U16(map.num_classes), scored];
    let places = writer.table(perception, &fields);
    writer.u16s(places[0], &map.classes);
    if let Some(&scores) = places.get(1) {
        writer.f32s(scores, &map.scores);
    }
}
