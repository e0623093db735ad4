//! Pictures whose numbers are known. What OpenCV makes of larger ones: `../tests.rs`.

use playfield_core::model::Manifest;

use super::*;

/// A model's picture of 4 by 2 pixels, numbers as they are.
fn input(more: &str) -> Input {
    let text = format!(
        "name = 'm'\ntask = 'classify'\nfile = 'm.onnx'\nlabels = ['a']\n[input]\nsize = [8, 8]\nstd = [1, 1, 1]\n{more}\n\
         [output]\ndecoder = 'classes'"
    );
    Input { size: [4, 2], ..Manifest::parse(&text).unwrap().input }
}

fn picture(width: u16, height: u16, pixels: &[[u8; 3]]) -> Picture {
    let mut picture = Picture::black(width, height, PixelFormat::Rgba8);
    for (to, [r, g, b]) in picture.pixels.chunks_exact_mut(4).zip(pixels) {
        to.copy_from_slice(&[*r, *g, *b, 9]);
    }
    picture
}

fn floats(input: &Input, picture: &Picture) -> Vec<f32> {
    let mut preparer = Preparer::new(input, false);
    let Numbers::Floats(numbers) = preparer.prepare(picture).numbers else { panic!("bytes") };
    numbers.to_vec()
}

#[test]
fn a_picture_of_the_right_size_is_only_reordered() {
    let pixels: [[u8; 3]; 8] = std::array::from_fn(|n| [n as u8, 100 + n as u8, 255 - n as u8]);
    let picture = picture(4, 2, &pixels);
    let plane = |channel: usize| pixels.iter().map(move |pixel| f32::from(pixel[channel])).collect::<Vec<_>>();
    assert_eq!(floats(&input(""), &picture), [plane(0), plane(1), plane(2)].concat());
    assert_eq!(floats(&input("colour = 'bgr'"), &picture), [plane(2), plane(1), plane(0)].concat());
    let rows: Vec<_> = pixels.iter().flatten().map(|value| f32::from(*value)).collect();
    assert_eq!(floats(&input("layout = 'nhwc'"), &picture), rows);
    let grey = floats(&input("colour = 'gray'"), &picture);
    assert!((grey[3] - (0.299 * 3.0 + 0.587 * 103.0 + 0.114 * 252.0)).abs() < 1e-3, "{grey:?}");
    let scaled = Input { mean: [1.0, 0.0, 0.0], std: [2.0, 1.0, 255.0], ..input("") };
    let scaled = floats(&scaled, &picture);
    assert_eq!((scaled[3], scaled[8], scaled[16]), (1.0, 100.0, 1.0));
}

#[test]
fn what_is_left_is_padded_and_stays_so() {
    let white = |width, height| picture(width, height, &vec![[200; 3]; usize::from(width) * usize::from(height)]);
    let numbers = |picture: &Picture, preparer: &mut Preparer| {
        let Numbers::Floats(numbers) = preparer.prepare(picture).numbers else { panic!("bytes") };
        numbers[..8].iter().map(|number| number.round()).collect::<Vec<_>>()
    };
    let mut preparer = Preparer::new(&input("pad = 7"), false);
    let upright = [7.0, 200.0, 200.0, 7.0, 7.0, 200.0, 200.0, 7.0];
    assert_eq!(numbers(&white(6, 6), &mut preparer), upright);
    assert_eq!(numbers(&white(6, 6), &mut preparer), upright, "again");
    assert_eq!(numbers(&white(40, 20), &mut preparer), [200.0; 8], "another size");
    assert_eq!(numbers(&white(2, 2), &mut preparer), upright, "and another");
}

#[test]
fn a_pixel_is_the_mean_of_what_it_covers() {
    let pixels: Vec<_> = (0..32u8).map(|n| [n * 8; 3]).collect();
    let numbers = floats(&input(""), &picture(8, 4, &pixels));
    // The mean of 0, 1, 8 and 9, times eight.
    assert_eq!((numbers[0], numbers[7]), (36.0, 212.0));
    let cropped = floats(&input("fit = 'crop'"), &picture(8, 8, &[pixels.clone(), pixels].concat()));
    assert_eq!(cropped[0], (16.0 + 25.0) / 2.0 * 8.0 % 256.0);
}

#[test]
fn every_format_is_the_same_picture() {
    let mut indexed = Picture::black(3, 5, PixelFormat::Indexed8);
    let mut direct = Picture::black(3, 5, PixelFormat::Rgb565);
    for at in 0..15 {
        indexed.palette[at] = playfield_core::frame::rgb565(at as u16 * 4000);
        indexed.pixels[at] = at as u8;
        direct.pixels[at * 2..at * 2 + 2].copy_from_slice(&(at as u16 * 4000).to_le_bytes());
    }
    let mut full = Picture::black(3, 5, PixelFormat::Rgba8);
    indexed.to_rgba(&mut full.pixels);
    let expect = floats(&input(""), &full);
    assert_eq!(floats(&input(""), &indexed), expect);
    assert_eq!(floats(&input(""), &direct), expect);
}

#[test]
fn bytes_are_rounded() {
    let mut preparer = Preparer::new(&input("layout = 'nhwc'\nfit = 'stretch'"), true);
    let picture = picture(2, 1, &[[0, 10, 255], [3, 10, 255]]);
    let prepared = preparer.prepare(&picture);
    assert_eq!(prepared.shape, [1, 2, 4, 3]);
    let Numbers::Bytes(numbers) = prepared.numbers else { panic!("floats") };
    assert_eq!(numbers[..12], [0, 10, 255, 1, 10, 255, 2, 10, 255, 3, 10, 255]);
}
