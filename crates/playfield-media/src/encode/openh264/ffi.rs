//! OpenH264's C interface: objects with a table of functions, wrapped so that nothing unsafe leaves this file.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};
use std::ptr::{NonNull, null_mut};
use std::slice;

use openh264_sys2::source::APILoader;
use openh264_sys2::*;

use crate::convert::I420;
use crate::encode::{Coder, MAX_RATE_HZ, threads};

unsafe extern "C" {
    /// Of the library's common part: bits for the instruction sets its assembly can use here; 0 without assembly.
    fn WelsCPUFeatureDetect(processors: *mut i32) -> u32;
}

/// Whether OpenH264 was built with its assembly. Without `nasm` at build time it silently is not, and is two to three
/// times slower. Always true off x86-64, where no assembler of its own is needed.
pub fn simd_available() -> bool {
    let mut processors = 0;
    // SAFETY: a plain C function that writes one int.
    !cfg!(target_arch = "x86_64") || unsafe { WelsCPUFeatureDetect(&mut processors) } != 0
}

/// Calls a function of an object's table; the library always fills the table.
macro_rules! call {
    ($object:expr, $name:ident $(, $argument:expr)*) => {
        ((**$object.as_ptr()).$name.expect("openh264 fills its table"))($object.as_ptr() $(, $argument)*)
    };
}

fn check(code: c_int) -> Result<(), i32> {
    if code == 0 { Ok(()) } else { Err(code) }
}

/// An encoder for pictures of one size.
pub(in crate::encode) struct RawEncoder {
    encoder: NonNull<ISVCEncoder>,
    parameters: Box<SEncParamExt>,
    info: Box<SFrameBSInfo>,
    width: u16,
    height: u16,
}

// SAFETY: the object has no tie to a thread; `&mut self` keeps calls apart.
unsafe impl Send for RawEncoder {}

impl RawEncoder {
    pub fn open(width: u16, height: u16) -> Result<RawEncoder, i32> {
        let mut raw = null_mut();
        // SAFETY: writes the object's address, null if it fails.
        check(unsafe { APILoader::WelsCreateSVCEncoder(&mut raw) })?;
        let encoder = NonNull::new(raw).ok_or(-1)?;
        // From here on dropping `this` destroys the object.
        let mut this = RawEncoder { encoder, parameters: Box::default(), info: Box::default(), width, height };
        let mut quiet: c_int = 0;
        // SAFETY: a live object; the option is an int.
        unsafe { call!(encoder, SetOption, ENCODER_OPTION_TRACE_LEVEL, (&raw mut quiet).cast::<c_void>()) };
        // SAFETY: a live object and parameters to fill.
        check(unsafe { call!(encoder, GetDefaultParams, &mut *this.parameters) })?;
        configure(&mut this.parameters, width, height);
        // SAFETY: a live object; the parameters are copied.
        check(unsafe { call!(encoder, InitializeExt, &*this.parameters) })?;
        Ok(this)
    }
}

impl Coder for RawEncoder {
    fn size(&self) -> (u16, u16) {
        (self.width, self.height)
    }

    /// Only this field differs from what is in force, so nothing restarts.
    fn set_qp(&mut self, qp: u8) -> Result<(), i32> {
        let qp = c_int::from(qp);
        if self.parameters.sSpatialLayers[0].iDLayerQp == qp {
            return Ok(());
        }
        self.parameters.sSpatialLayers[0].iDLayerQp = qp;
        let parameters: *mut SEncParamExt = &mut *self.parameters;
        // SAFETY: a live object; the option is a whole parameter structure, which is copied.
        check(unsafe { call!(self.encoder, SetOption, ENCODER_OPTION_SVC_ENCODE_PARAM_EXT, parameters.cast()) })
    }

    fn encode(&mut self, picture: &I420, key: bool, out: &mut Vec<u8>) -> Result<bool, i32> {
        assert_eq!((picture.width(), picture.height()), self.size(), "one encoder codes one size");
        if key {
            // SAFETY: a live object.
            check(unsafe { call!(self.encoder, ForceIntraFrame, true) })?;
        }
        let (luma, chroma) = (picture.y_stride() as c_int, picture.uv_stride() as c_int);
        let source = SSourcePicture {
            iColorFormat: videoFormatI420,
            iStride: [luma, chroma, chroma, 0],
            // The library reads the planes only, whatever its types say.
            pData: [
                picture.y().as_ptr().cast_mut(),
                picture.u().as_ptr().cast_mut(),
                picture.v().as_ptr().cast_mut(),
                null_mut(),
            ],
            iPicWidth: luma,
            iPicHeight: picture.y_rows() as c_int,
            ..SSourcePicture::default()
        };
        // SAFETY: a live object; the planes have the rows and strides declared and outlive the call.
        check(unsafe { call!(self.encoder, EncodeFrame, &source, &mut *self.info) })?;
        let layers = usize::try_from(self.info.iLayerNum).map_err(|_| -1)?;
        for layer in self.info.sLayerInfo.iter().take(layers) {
            let nals = usize::try_from(layer.iNalCount).map_err(|_| -1)?;
            // SAFETY: the library wrote `iNalCount` lengths and as many bytes as they add up to; both stay until the
            // next call.
            let bytes = unsafe {
                let lengths = slice::from_raw_parts(layer.pNalLengthInByte, nals);
                let total = lengths.iter().map(|length| *length as usize).sum();
                slice::from_raw_parts(layer.pBsBuf, total)
            };
            out.extend_from_slice(bytes);
        }
        Ok(self.info.eFrameType == videoFrameTypeIDR)
    }
}

impl Drop for RawEncoder {
    fn drop(&mut self) {
        // SAFETY: the object was created by the library and is not used after.
        unsafe {
            call!(self.encoder, Uninitialize);
            APILoader::WelsDestroySVCEncoder(self.encoder.as_ptr());
        }
    }
}

fn configure(parameters: &mut SEncParamExt, width: u16, height: u16) {
    let even = |side: u16| c_int::from(side.next_multiple_of(2));
    parameters.iUsageType = CAMERA_VIDEO_REAL_TIME;
    parameters.iPicWidth = even(width);
    parameters.iPicHeight = even(height);
    parameters.fMaxFrameRate = f32::from(MAX_RATE_HZ);
    parameters.iRCMode = RC_OFF_MODE;
    parameters.bEnableFrameSkip = false;
    parameters.iTemporalLayerNum = 1;
    parameters.iSpatialLayerNum = 1;
    parameters.iComplexityMode = LOW_COMPLEXITY;
    parameters.uiIntraPeriod = 0;
    parameters.iNumRefFrame = 1;
    parameters.eSpsPpsIdStrategy = CONSTANT_ID;
    parameters.iEntropyCodingModeFlag = 0;
    parameters.bEnableLongTermReference = false;
    let threads = threads(width, height);
    parameters.iMultipleThreadIdc = u16::from(threads);
    parameters.bEnableDenoise = false;
    parameters.bEnableBackgroundDetection = false;
    parameters.bEnableAdaptiveQuant = false;
    parameters.bEnableFrameCroppingFlag = true;
    parameters.bEnableSceneChangeDetect = false;
    let layer = &mut parameters.sSpatialLayers[0];
    layer.iVideoWidth = parameters.iPicWidth;
    layer.iVideoHeight = parameters.iPicHeight;
    layer.fFrameRate = f32::from(MAX_RATE_HZ);
    layer.uiProfileIdc = PRO_BASELINE;
    layer.uiLevelIdc = LEVEL_UNKNOWN;
    layer.sSliceArgument.uiSliceMode = if threads > 1 { SM_FIXEDSLCNUM_SLICE } else { SM_SINGLE_SLICE };
    layer.sSliceArgument.uiSliceNum = u32::from(threads);
    layer.bVideoSignalTypePresent = true;
    layer.uiVideoFormat = VF_UNDEF as u8;
    layer.bFullRange = false;
    layer.bColorDescriptionPresent = true;
    layer.uiColorPrimaries = CP_BT709 as u8;
    layer.uiTransferCharacteristics = TRC_BT709 as u8;
    layer.uiColorMatrix = CM_BT709 as u8;
}

/// A decoder.
pub(crate) struct RawDecoder(NonNull<ISVCDecoder>);

// SAFETY: the object has no tie to a thread; `&mut self` keeps calls apart.
unsafe impl Send for RawDecoder {}

impl RawDecoder {
    pub fn open() -> Result<RawDecoder, i32> {
        let mut raw = null_mut();
        // SAFETY: writes the object's address, null if it fails.
        check(unsafe { APILoader::WelsCreateDecoder(&mut raw) } as c_int)?;
        let this = RawDecoder(NonNull::new(raw).ok_or(-1)?);
        let mut quiet: c_int = 0;
        let parameters = SDecodingParam {
            uiTargetDqLayer: u8::MAX,
            eEcActiveIdc: ERROR_CON_DISABLE,
            sVideoProperty: SVideoProperty {
                size: size_of::<SVideoProperty>() as u32,
                eVideoBsType: VIDEO_BITSTREAM_AVC,
            },
            ..SDecodingParam::default()
        };
        // SAFETY: a live object; the option is an int, the parameters are copied.
        unsafe {
            call!(this.0, SetOption, DECODER_OPTION_TRACE_LEVEL, (&raw mut quiet).cast::<c_void>());
            check(call!(this.0, Initialize, &parameters) as c_int)?;
        }
        Ok(this)
    }

    /// Decodes one access unit; returns whether `out` holds a new picture.
    pub fn decode(&mut self, unit: &[u8], out: &mut I420) -> Result<bool, i32> {
        let length = c_int::try_from(unit.len()).map_err(|_| -1)?;
        let mut planes: [*mut u8; 3] = [null_mut(); 3];
        let mut info = SBufferInfo::default();
        // SAFETY: a live object; the unit outlives the call.
        check(unsafe { call!(self.0, DecodeFrameNoDelay, unit.as_ptr(), length, planes.as_mut_ptr(), &mut info) })?;
        if info.iBufferStatus != 1 || planes.iter().any(|plane| plane.is_null()) {
            return Ok(false);
        }
        // SAFETY: the status says that this is the member in use.
        let buffer = unsafe { info.UsrData.sSystemBuffer };
        let (width, height) = (u16::try_from(buffer.iWidth), u16::try_from(buffer.iHeight));
        let (Ok(width), Ok(height)) = (width, height) else { return Err(-1) };
        if !width.is_multiple_of(2) || !height.is_multiple_of(2) {
            return Err(-1);
        }
        out.resize(width, height);
        let widths = [out.y_stride(), out.uv_stride(), out.uv_stride()];
        let strides = [buffer.iStride[0], buffer.iStride[1], buffer.iStride[1]];
        for (i, plane) in out.planes_mut().into_iter().enumerate() {
            let stride = strides[i] as usize;
            for (y, row) in plane.chunks_exact_mut(widths[i]).enumerate() {
                // SAFETY: the library's plane has this many rows, `stride` bytes apart, each at least a row wide.
                row.copy_from_slice(unsafe { slice::from_raw_parts(planes[i].add(y * stride), widths[i]) });
            }
        }
        Ok(true)
    }
}

impl Drop for RawDecoder {
    fn drop(&mut self) {
        // SAFETY: the object was created by the library and is not used after.
        unsafe {
            call!(self.0, Uninitialize);
            APILoader::WelsDestroyDecoder(self.0.as_ptr());
        }
    }
}
