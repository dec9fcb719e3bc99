"""A headless Chromium to open pages in, over its debugging pipe: no package is needed but the browser itself.

Playwright would do the same for 50 MB of Node in every environment.
"""

import base64
import fcntl
import json
import os
import shutil
import signal
import tempfile
from collections import deque
from contextlib import contextmanager
from select import select
from time import monotonic

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATH = next((path for path in map(shutil.which, NAMES) if path), None)
MISSING = f"no browser here: none of {', '.join(NAMES)} is on the path (on Debian: apt-get install chromium)"
ARGUMENTS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage",
    "--no-first-run", "--disable-component-update", "--disable-extensions", "--hide-scrollbars",
    "--remote-debugging-pipe",
)  # fmt: skip
PATIENCE_SECONDS = 60.0


class Browser:
    """One tab, with the network off. Says what was asked of the network, and what the console complained of."""

    def __init__(self, reads, writes):
        self._reads, self._writes = reads, writes
        self._number, self._session, self._rest = 0, None, b""
        self._heard = deque()
        self.requests, self.complaints = [], []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")
        self.ask("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0)

    def ask(self, method, **parameters):
        """Give one command of the DevTools protocol, and wait for its answer."""
        self._number += 1
        said = {"id": self._number, "method": method, "params": parameters}
        said |= {"sessionId": self._session} if self._session else {}
        os.write(self._writes, json.dumps(said).encode() + b"\0")
        while True:
            heard = self._hear()
            if heard.get("id") == self._number:
                assert "error" not in heard, (method, heard["error"])
                return heard["result"]

    def wait_for(self, event):
        """Wait until something has happened; it counts if it has just done so."""
        while event not in self._heard:
            self._hear()
        self._heard.clear()

    def open(self, path, width=1280, height=900):
        """Open a file in a window of a size."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.requests.clear()
        self.complaints.clear()
        self._heard.clear()
        self.ask("Page.navigate", url=path.resolve().as_uri())
        self.wait_for("Page.loadEventFired")

    def tell(self, script):
        """What a script comes to, promises awaited, as plain data."""
        found = self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def picture(self):
        """The whole page as a PNG."""
        height = self.tell("document.documentElement.scrollHeight")
        width = self.tell("window.innerWidth")
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        return base64.b64decode(self.ask("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)["data"])

    def printed(self):
        """The page as a PDF, as it is printed."""
        return base64.b64decode(self.ask("Page.printToPDF", preferCSSPageSize=True, printBackground=True)["data"])

    def _hear(self):
        end = monotonic() + PATIENCE_SECONDS
        while b"\0" not in self._rest:
            ready, _, _ = select([self._reads], [], [], max(0.0, end - monotonic()))
            more = os.read(self._reads, 1 << 20) if ready else b""
            assert more, "the browser has fallen silent" if not ready else "the browser has ended"
            self._rest += more
        line, _, self._rest = self._rest.partition(b"\0")
        heard = json.loads(line)
        self._note(heard.get("method"), heard.get("params", {}))
        return heard

    def _note(self, method, facts):
        self._heard.append(method)
        if method == "Network.requestWillBeSent":
            self.requests.append(facts["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(facts["exceptionDetails"]["text"])
        elif method == "Log.entryAdded" and facts["entry"]["level"] in {"error", "warning"}:
            self.complaints.append(facts["entry"]["text"])
        elif method == "Runtime.consoleAPICalled" and facts["type"] in {"error", "warning", "assert"}:
            self.complaints.append(str(facts["args"]))


@contextmanager
def browser():
    """A browser of one's own, ended with the block."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        theirs_in, ours_out = _apart(os.pipe())
        ours_in, theirs_out = _apart(os.pipe())
        # It reads commands on descriptor 3 and answers on 4. A group of its own, to be ended whole.
        actions = [(os.POSIX_SPAWN_DUP2, theirs_in, 3), (os.POSIX_SPAWN_DUP2, theirs_out, 4),
                   (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)]  # fmt: skip
        command = [PATH, *ARGUMENTS, f"--user-data-dir={profile}"]
        process = os.posix_spawn(PATH, command, os.environ, file_actions=actions, setpgroup=0)
        os.close(theirs_in)
        os.close(theirs_out)
        try:
            yield Browser(ours_in, ours_out)
        finally:
            os.killpg(process, signal.SIGKILL)
            os.waitpid(process, 0)
            os.close(ours_in)
            os.close(ours_out)


def _apart(pair):
    """The two ends of a pipe on descriptors that are neither 3 nor 4."""
    moved = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in pair]
    for end in pair:
        os.close(end)
    return moved
