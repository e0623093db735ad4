//! Cells that differ and stand together are a thing.

use super::Config;
use crate::metadata::{Object, Rect};

/// Cells that a thing must have: fewer are noise.
const CELLS: u32 = 3;

/// Finds things; keeps its memory.
#[derive(Debug, Default)]
pub struct Blobs {
    /// The thing of each cell, and for each thing the one it was found to be a part of.
    labels: Vec<u16>,
    parents: Vec<u16>,
    found: Vec<Blob>,
}

/// A thing, in cells.
#[derive(Clone, Copy, Debug)]
struct Blob {
    left: u32,
    top: u32,
    right: u32,
    bottom: u32,
    cells: u32,
    sure: f32,
}

const NOTHING: Blob = Blob { left: u32::MAX, top: u32::MAX, right: 0, bottom: 0, cells: 0, sure: 0.0 };

impl Blobs {
    /// The things in a picture, the largest first. `beyond` is more than 1 where a cell differs.
    pub fn find(&mut self, beyond: &[f32], [across, down]: [usize; 2], config: &Config, objects: &mut Vec<Object>) {
        self.label(beyond, across);
        self.gather(beyond, across);
        let share = |cells: u32, all: usize| cells as f32 / all as f32;
        self.found.retain(|blob| blob.cells >= CELLS && share(blob.cells, across * down) >= config.least);
        self.found.sort_by_key(|blob| std::cmp::Reverse(blob.cells));
        objects.extend(self.found.iter().take(config.most).map(|blob| Object {
            class: 0,
            score: (blob.sure / blob.cells as f32).clamp(0.0, 1.0),
            area: Rect {
                left: share(blob.left, across),
                top: share(blob.top, down),
                right: share(blob.right, across),
                bottom: share(blob.bottom, down),
            },
            ..Object::default()
        }));
    }

    /// Gives each cell that differs a number, the same to those that are at most one cell apart.
    fn label(&mut self, beyond: &[f32], across: usize) {
        self.labels.clear();
        self.labels.resize(beyond.len(), 0);
        self.parents.clear();
        self.parents.push(0);
        for (at, _) in beyond.iter().enumerate().filter(|(_, beyond)| **beyond > 1.0) {
            let (x, y) = (at % across, at / across);
            let mut label = 0;
            // Up to two cells back: a cell between two parts of a thing may happen to look as usual.
            for row in y.saturating_sub(2)..=y {
                let end = if row == y { x } else { (x + 3).min(across) };
                for neighbour in row * across + x.saturating_sub(2)..row * across + end {
                    if self.labels[neighbour] > 0 {
                        label = self.join(label, self.labels[neighbour]);
                    }
                }
            }
            if label == 0 {
                label = self.parents.len() as u16;
                self.parents.push(label);
            }
            self.labels[at] = label;
        }
    }

    /// Two numbers mean the same thing; zero is none.
    fn join(&mut self, one: u16, other: u16) -> u16 {
        let other = self.root(other);
        if one == 0 {
            return other;
        }
        let one = self.root(one);
        let (first, last) = (one.min(other), one.max(other));
        self.parents[usize::from(last)] = first;
        first
    }

    fn root(&mut self, mut label: u16) -> u16 {
        while self.parents[usize::from(label)] != label {
            let parent = self.parents[usize::from(label)];
            self.parents[usize::from(label)] = self.parents[usize::from(parent)];
            label = parent;
        }
        label
    }

    fn gather(&mut self, beyond: &[f32], across: usize) {
        self.found.clear();
        self.found.resize(self.parents.len(), NOTHING);
        for (at, beyond) in beyond.iter().enumerate().filter(|(_, beyond)| **beyond > 1.0) {
            let thing = self.root(self.labels[at]);
            let blob = &mut self.found[usize::from(thing)];
            let (x, y) = ((at % across) as u32, (at / across) as u32);
            (blob.left, blob.top) = (blob.left.min(x), blob.top.min(y));
            (blob.right, blob.bottom) = (blob.right.max(x + 1), blob.bottom.max(y + 1));
            blob.cells += 1;
            blob.sure += 1.0 - 1.0 / beyond.max(1.0).powi(2);
        }
    }
}
