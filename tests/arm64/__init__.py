"""The agent on a Raspberry Pi's own user space, without a Pi: ``make test-arm64``.

``userland`` unpacks Debian's arm64 packages of Python and the aarch64 wheels into a cache folder
and writes a command that runs that Python under qemu's user-mode emulation; ``test_journey`` drives
the agent with it, against a broker and a collector that run natively. What emulation cannot tell:
speed, temperature, cameras, and what a processor's own instructions round otherwise.
"""
