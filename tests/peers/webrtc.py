"""One end of a WebRTC connection made of GStreamer's own elements: `webrtc.py send WIDTH HEIGHT HZ KBIT` or `webrtc.py receive`.

Both speak lines of JSON with whoever started them, who passes them on: {"sdp": ...} and {"candidate": ..., "line": N}. The sender
captures the screen that DISPLAY names, as remote desktops made of these elements do; the receiver throws away what comes.
"""

import json
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

SENDER = (
    "webrtcbin name=peer bundle-policy=max-bundle latency=0 "
    "ximagesrc show-pointer=false use-damage=false remote=true "
    "! video/x-raw,width={width},height={height},framerate={hz}/1 ! videoconvert n-threads=1 ! video/x-raw,format=I420 "
    "! x264enc tune=zerolatency speed-preset=ultrafast pass=cbr bitrate={kbit} vbv-buf-capacity=50 key-int-max=2147483647 "
    "bframes=0 b-adapt=false mb-tree=false rc-lookahead=0 sync-lookahead=0 sliced-threads=true threads={threads} "
    "! video/x-h264,profile=constrained-baseline,stream-format=byte-stream "
    "! rtph264pay mtu=1200 aggregate-mode=zero-latency config-interval=-1 "
    "! application/x-rtp,media=video,encoding-name=H264,payload=96,clock-rate=90000 ! peer."
)


def say(message):
    print(json.dumps(message), flush=True)


def describe(peer, promise, answer):
    reply = promise.get_reply()
    description = reply.get_value("answer" if answer else "offer")
    peer.emit("set-local-description", description, Gst.Promise.new())
    say({"sdp": description.sdp.as_text()})


def offer(peer):
    peer.emit("create-offer", None, Gst.Promise.new_with_change_func(lambda promise: describe(peer, promise, False)))


def take(peer, message, sends):
    if "candidate" in message:
        peer.emit("add-ice-candidate", message["line"], message["candidate"])
        return
    _, sdp = GstSdp.SDPMessage.new_from_text(message["sdp"])
    kind = GstWebRTC.WebRTCSDPType.ANSWER if sends else GstWebRTC.WebRTCSDPType.OFFER
    description = GstWebRTC.WebRTCSessionDescription.new(kind, sdp)
    done = Gst.Promise.new()
    peer.emit("set-remote-description", description, done)
    done.wait()
    if not sends:
        answered = Gst.Promise.new_with_change_func(lambda promise: describe(peer, promise, True))
        peer.emit("create-answer", None, answered)


def main():
    sends = sys.argv[1] == "send"
    Gst.init(None)
    if sends:
        width, height, hz, kbit, threads = sys.argv[2:7]
        pipeline = Gst.parse_launch(SENDER.format(width=width, height=height, hz=hz, kbit=kbit, threads=threads))
    else:
        pipeline = Gst.Pipeline.new()
        pipeline.add(Gst.parse_launch("webrtcbin name=peer bundle-policy=max-bundle latency=0"))
    peer = pipeline.get_by_name("peer")
    loop = GLib.MainLoop()

    def arrived(_, pad):
        sink = Gst.ElementFactory.make("fakesink")
        sink.set_property("sync", False)
        pipeline.add(sink)
        sink.sync_state_with_parent()
        pad.link(sink.get_static_pad("sink"))

    def failed(_, message):
        error, where = message.parse_error()
        print(f"webrtc: {error.message}: {where}", file=sys.stderr, flush=True)
        loop.quit()

    peer.connect("on-ice-candidate", lambda _, line, candidate: say({"candidate": candidate, "line": line}))
    if sends:
        peer.connect("on-negotiation-needed", offer)
    else:
        peer.connect("pad-added", arrived)
    bus = pipeline.get_bus()
    bus.add_signal_watch()
    bus.connect("message::error", failed)
    pipeline.set_state(Gst.State.PLAYING)

    def listen():
        for line in sys.stdin:
            take(peer, json.loads(line), sends)
        loop.quit()

    threading.Thread(target=listen, daemon=True).start()
    loop.run()
    pipeline.set_state(Gst.State.NULL)


main()
