/* SVT-AV1 by three functions: what was put in comes out, one temporal unit for each picture. Compiled against the header of the
   library that is linked, since its structures differ from version to version.

   The library gives a picture away when the next one has come, even where nothing is to wait. So each picture is put in twice: the
   second costs a fraction of the first, no other refers to it, and nobody is sent it. */
#define _POSIX_C_SOURCE 199309L
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <svt-av1/EbSvtAv1Enc.h>

struct playfield_svt_av1 {
    EbComponentType *encoder;
    int width, height;
    int64_t next;
    uint8_t *unit;
    size_t room;
};

/* How long a picture may take: the waits between two looks for it, and how many. */
static const struct timespec WAIT = { 0, 50 * 1000 };
static const int WAITS = 2 * 20 * 1000;

void playfield_svt_av1_close(struct playfield_svt_av1 *this)
{
    if (this->encoder) {
        svt_av1_enc_deinit(this->encoder);
        svt_av1_enc_deinit_handle(this->encoder);
    }
    free(this->unit);
    free(this);
}

struct playfield_svt_av1 *playfield_svt_av1_open(int width, int height, int rate_hz, int threads)
{
    EbSvtAv1EncConfiguration c;
    memset(&c, 0, sizeof c);
    struct playfield_svt_av1 *this = calloc(1, sizeof *this);
    if (!this || svt_av1_enc_init_handle(&this->encoder, NULL, &c) != EB_ErrorNone)
        goto fail;
    this->width = width;
    this->height = height;
    c.enc_mode = 12;
    c.source_width = width;
    c.source_height = height;
    c.frame_rate_numerator = rate_hz;
    c.frame_rate_denominator = 1;
    c.logical_processors = threads;
    /* Nothing waits for pictures to come. */
    c.pred_structure = SVT_AV1_PRED_LOW_DELAY_B;
    c.look_ahead_distance = 0;
    c.enable_tf = 0;
    c.enable_tpl_la = 0;
    c.scene_change_detection = 0;
    c.screen_content_mode = 1;
    c.intra_period_length = -1;
    /* Each picture says its own QP, the same everywhere in it. */
    c.rate_control_mode = 0;
    c.enable_adaptive_quantization = 0;
    c.use_qp_file = 1;
    c.min_qp_allowed = 1;
    c.max_qp_allowed = 63;
    c.color_description_present_flag = 1;
    c.color_primaries = EB_CICP_CP_BT_709;
    c.transfer_characteristics = EB_CICP_TC_BT_709;
    c.matrix_coefficients = EB_CICP_MC_BT_709;
    c.color_range = EB_CR_STUDIO_RANGE;
    if (svt_av1_enc_set_parameter(this->encoder, &c) != EB_ErrorNone || svt_av1_enc_init(this->encoder) != EB_ErrorNone)
        goto fail;
    return this;
fail:
    if (this)
        playfield_svt_av1_close(this);
    return NULL;
}

static int put(struct playfield_svt_av1 *this, const uint8_t *const planes[3], const int strides[3], int qp)
{
    EbSvtIOFormat picture;
    EbBufferHeaderType in;
    memset(&picture, 0, sizeof picture);
    picture.luma = (uint8_t *)planes[0];
    picture.cb = (uint8_t *)planes[1];
    picture.cr = (uint8_t *)planes[2];
    picture.y_stride = strides[0];
    picture.cb_stride = strides[1];
    picture.cr_stride = strides[2];
    picture.width = this->width;
    picture.height = this->height;
    picture.color_fmt = EB_YUV420;
    picture.bit_depth = EB_EIGHT_BIT;
    memset(&in, 0, sizeof in);
    in.size = sizeof in;
    in.p_buffer = (uint8_t *)&picture;
    in.n_filled_len = this->width * this->height * 3 / 2;
    in.pts = this->next++;
    in.pic_type = EB_AV1_INVALID_PICTURE;
    in.qp = qp;
    return svt_av1_enc_send_picture(this->encoder, &in) == EB_ErrorNone ? 0 : -1;
}

/* Returns the size of the temporal unit in bytes, or less than 0; it stays until the next call. */
int playfield_svt_av1_encode(struct playfield_svt_av1 *this, const uint8_t *const planes[3], const int strides[3], int qp,
                             const uint8_t **unit, int *is_key)
{
    const int64_t wanted = this->next;
    if (put(this, planes, strides, qp) < 0 || put(this, planes, strides, 63) < 0)
        return -1;
    for (int waits = 0; waits < WAITS;) {
        EbBufferHeaderType *out = NULL;
        EbErrorType code = svt_av1_enc_get_packet(this->encoder, &out, 0);
        if (code == EB_NoErrorEmptyQueue) {
            nanosleep(&WAIT, NULL);
            waits++;
            continue;
        }
        if (code != EB_ErrorNone)
            return -2;
        int length = 0;
        if (out->pts == wanted) {
            if (this->room < out->n_filled_len) {
                uint8_t *larger = realloc(this->unit, out->n_filled_len);
                if (larger) {
                    this->unit = larger;
                    this->room = out->n_filled_len;
                }
            }
            if (this->room >= out->n_filled_len) {
                length = out->n_filled_len;
                memcpy(this->unit, out->p_buffer, length);
                *unit = this->unit;
                *is_key = out->pic_type == EB_AV1_KEY_PICTURE;
            } else {
                length = -3;
            }
        } else if (out->pic_type != EB_AV1_NON_REF_PICTURE) {
            /* A second one that others refer to: viewers would miss it. */
            length = -4;
        }
        svt_av1_enc_release_out_buffer(&out);
        if (length != 0)
            return length;
    }
    return -5;
}
