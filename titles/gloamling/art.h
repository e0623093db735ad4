/* The drawings, as text: one letter a colour (see `letters` in draw.c), a full stop lets through. */
#ifndef ART_H
#define ART_H

typedef struct {
    int w, h;
    const char *rows;
} art;

static const art art_moth[2] = {
    {9, 7, "ii.....ii" "iwi...iwi" "iwwi.iwwi" ".iwwTwwi." "..iwTwi.." ".iwiTiwi." ".ii...ii."},
    {9, 7, "........." "..i...i.." ".iwi.iwi." ".iwwTwwi." "..wwTww.." "..iiTii.." "..i...i.."}};
static const art art_gnat[2] = {
    {7, 5, "i.....i" ".i.C.i." "..CrC.." "..CCC.." "...b..."},
    {7, 5, "......." "iiCCCii" "..CrC.." "..CCC.." "...b..."}};
static const art art_beetle[2] = {
    {9, 9, "..s...s.." "...sss..." ".stLGLts." "stLLGLLts" "sLLLGLLLs" "sLLLGLLLs" "stLLGLLts" ".stLGLts." "..sssss.."},
    {9, 9, ".s.....s." "...sss..." ".sppVpps." "sppwVwpps" "spwwVwwps" "spwwVwwps" "sppwVwpps" ".sppVpps." "..sssss.."}};
static const art art_seed[2] = {
    {9, 9, "...w.w..." ".w.www.w." "..wiwiw.." ".wwiwiww." "w.wiiiw.w" "..iigii.." "....g...." "....g...." "...g....."},
    {9, 9, "..w.w.w.." "...www..." ".wwiwiww." "..wiwiw.." ".wwiiiww." "...igi..." "....g...." "....g...." ".....g..."}};
static const art art_wasp[2] = {
    {9, 7, ".ww...ww." "..ww.ww.." "..wyyyw.." "..kkkkk.." "..yyyyy.." "...kkk..." "....y...."},
    {9, 7, "........." "www...www" "..wyyyw.." "..kkkkk.." "..yyyyy.." "...kkk..." "....y...."}};
static const art art_snuffer[2] = {
    {11, 8, "V.........V" "VV...v...VV" "VmVV.v.VVmV" ".VmmVvVmmV." "..VmVvVmV.." "...VwvwV..." "..VV.v.VV.." ".V.......V."},
    {11, 8, "..........." ".V...v...V." "VVVV.v.VVVV" ".VmmVvVmmV." ".VVmVvVmVV." "...VwvwV..." "..V..v..V.." "..V.....V.."}};
static const art art_thorn[2] = {
    {11, 11, ".....R....." ".R...R...R." "..RrrrrrR.." "..rrrrrrr.." "..rroooRr.." "RRrrooorrRR" "..rrooorr.." "..rrrrrrr.." "..RrrrrrR.." ".R...R...R." ".....R....."},
    {11, 11, "...R...R..." "..........." "R.RrrrrrR.R" "..rrrrrrr.." "..rrrorRr.." "..rrooorr.." "..rrrorrr.." "..rrrrrrr.." "R.RrrrrrR.R" "..........." "...R...R..."}};
static const art art_queen = {25, 17,
    "........c.......c........" ".........c.....c........." "mm........c...c........mm" "mpmm.......ccc.......mmpm" "mppmmm....cwcwc....mmmppm"
    "mpypppmm..ccccc..mmpppypm" ".mpyyyppmm.vcv.mmppyyypm." ".mppyvyyppmvcvmppyyvyppm." "..mppyyypppvcvpppyyyppm.." "..mmppppppmvcvmppppppmm.."
    "...mmmmmm.mvcvm.mmmmmm..." "...mppppppmvcvmppppppm..." "..mppyyyppmvcvmppyyyppm.." "..mpyyvyypm.v.mpyyvyypm.." "..mppyyypm..v..mpyyyppm.."
    "...mppppm.......mppppm..." "....mmmm.........mmmm...."};
static const art art_heart = {7, 6, ".rr.rr." "rpprrrr" "rprrrrr" ".rrrrr." "..rrr.." "...r..."};
static const art art_hollow = {7, 6, ".ss.ss." "s..s..s" "s.....s" ".s...s." "..s.s.." "...s..."};
static const art art_nectar = {5, 6, "..g.." ".gLg." "gLwLg" "gLLLg" "gLLLg" ".ggg."};

#endif
