/* x264 by three functions. Its structures differ from version to version, so only this file knows them: it is compiled against the
   header of the library that is linked. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <x264.h>

struct playfield_x264 {
    x264_t *encoder;
    /* One access unit, without what viewers need not be told. */
    uint8_t *unit;
    size_t room;
};

struct playfield_x264 *playfield_x264_open(int width, int height, int rate_hz, int threads)
{
    x264_param_t p;
    if (x264_param_default_preset(&p, "superfast", "zerolatency") < 0)
        return NULL;
    p.i_log_level = X264_LOG_NONE;
    p.i_width = width;
    p.i_height = height;
    p.i_csp = X264_CSP_I420;
    /* Only picks the level. */
    p.i_fps_num = rate_hz;
    p.i_fps_den = 1;
    p.b_vfr_input = 0;
    p.i_threads = threads;
    p.b_sliced_threads = threads > 1;
    p.i_slice_count = threads;
    p.i_frame_reference = 1;
    p.i_keyint_max = X264_KEYINT_MAX_INFINITE;
    p.i_scenecut_threshold = 0;
    /* Each picture says its own QP, the same everywhere in it. A constant QP would be the only one that is allowed; a constant
       quality is only what pictures get that say nothing. */
    p.rc.i_rc_method = X264_RC_CRF;
    p.rc.i_aq_mode = X264_AQ_NONE;
    p.rc.b_mb_tree = 0;
    p.b_annexb = 1;
    p.b_repeat_headers = 1;
    p.vui.b_fullrange = 0;
    p.vui.i_colorprim = 1;
    p.vui.i_transfer = 1;
    p.vui.i_colmatrix = 1;
    if (x264_param_apply_profile(&p, "baseline") < 0)
        return NULL;
    struct playfield_x264 *this = calloc(1, sizeof *this);
    if (this && !(this->encoder = x264_encoder_open(&p))) {
        free(this);
        return NULL;
    }
    return this;
}

/* Returns the size of the access unit in bytes, or less than 0; it stays until the next call. */
int playfield_x264_encode(struct playfield_x264 *this, const uint8_t *const planes[3], const int strides[3], int64_t number,
                          int qp, int key, const uint8_t **unit, int *is_key)
{
    x264_picture_t in, out;
    x264_nal_t *nals;
    int count = 0;
    size_t length = 0;
    x264_picture_init(&in);
    in.i_pts = number;
    in.i_type = key ? X264_TYPE_IDR : X264_TYPE_AUTO;
    in.i_qpplus1 = qp + 1;
    in.img.i_csp = X264_CSP_I420;
    in.img.i_plane = 3;
    for (int i = 0; i < 3; i++) {
        in.img.plane[i] = (uint8_t *)planes[i];
        in.img.i_stride[i] = strides[i];
    }
    int size = x264_encoder_encode(this->encoder, &nals, &count, &in, &out);
    if (size <= 0)
        return size < 0 ? size : -1;
    if (this->room < (size_t)size) {
        uint8_t *larger = realloc(this->unit, size);
        if (!larger)
            return -2;
        this->unit = larger;
        this->room = size;
    }
    for (int i = 0; i < count; i++) {
        /* Which version coded it, and how: half a kilobyte of no use to anybody. */
        if (nals[i].i_type == NAL_SEI)
            continue;
        memcpy(this->unit + length, nals[i].p_payload, nals[i].i_payload);
        length += nals[i].i_payload;
    }
    *unit = this->unit;
    *is_key = out.b_keyframe;
    return (int)length;
}

void playfield_x264_close(struct playfield_x264 *this)
{
    x264_encoder_close(this->encoder);
    free(this->unit);
    free(this);
}
