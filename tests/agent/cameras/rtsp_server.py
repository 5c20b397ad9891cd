"""An RTSP server of GStreamer's, H.264 of a ball that moves; run by Debian's own Python.

``python3 rtsp_server.py PORT`` prints the port when it listens; 0 takes a free one. Exits with 3
where something that it needs is not installed, and says what.
"""

from __future__ import annotations

import sys

PIPELINE = (
    "( videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=25/1 ! "
    "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=10 ! "
    "rtph264pay name=pay0 pt=96 config-interval=1 )"
)


def main() -> None:
    try:
        import gi

        gi.require_version("GstRtspServer", "1.0")
        from gi.repository import GLib, Gst, GstRtspServer
    except (ImportError, ValueError) as error:
        sys.exit(_lacks(str(error)))
    Gst.init(None)
    if Gst.ElementFactory.find("x264enc") is None:
        sys.exit(_lacks("x264enc"))
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(sys.argv[1])
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(PIPELINE)
    factory.set_shared(True)
    server.get_mount_points().add_factory("/live", factory)
    server.attach(None)
    print(server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


def _lacks(what: str) -> int:
    print(what, file=sys.stderr)
    return 3


if __name__ == "__main__":
    main()
