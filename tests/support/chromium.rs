//! A headless Chromium, driven over its debugging pipe: messages of JSON, each ended by a NUL.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use base64::Engine as _;
use serde_json::{Value, json};

/// A page takes this long at most, on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whether there is one; said aloud where there is none.
pub fn there_is_chromium() -> bool {
    let found = Command::new("chromium").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if found.is_err() {
        eprintln!("left out: chromium is not installed");
    }
    found.is_ok()
}

/// One browser with one page, ended with the test.
pub struct Chromium {
    child: Child,
    orders: File,
    heard: Receiver<Value>,
    session: String,
    next: u64,
    /// What the page asked the network for, and what went wrong in it, since it was opened.
    pub requests: Vec<String>,
    pub complaints: Vec<String>,
    loaded: bool,
    _profile: tempfile::TempDir,
}

impl Chromium {
    pub fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        let (orders, answers) = (profile.path().join("orders"), profile.path().join("answers"));
        let made = Command::new("mkfifo").args([&orders, &answers]).status().unwrap();
        assert!(made.success());
        let arguments = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
                         --disable-component-update --disable-sync --disable-dev-shm-usage --remote-debugging-pipe";
        let child = Command::new("sh")
            .args([
                "-c",
                &format!("exec chromium {arguments} --user-data-dir=\"$HOME/profile\" about:blank 3<orders 4>answers"),
            ])
            .current_dir(profile.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", profile.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let orders = OpenOptions::new().write(true).open(orders).unwrap();
        let answers = BufReader::new(File::open(answers).unwrap());
        let (send, heard) = channel();
        std::thread::spawn(move || {
            for message in answers.split(0).map_while(Result::ok) {
                let Ok(message) = serde_json::from_slice(&message) else { return };
                if send.send(message).is_err() {
                    return;
                }
            }
        });
        let (session, requests) = (String::new(), Vec::new());
        let mut browser = Self {
            child,
            orders,
            heard,
            session,
            next: 0,
            requests,
            complaints: Vec::new(),
            loaded: false,
            _profile: profile,
        };
        let target = browser.ask("Target.createTarget", &json!({ "url": "about:blank" }))["targetId"].clone();
        let attached = browser.ask("Target.attachToTarget", &json!({ "targetId": target, "flatten": true }));
        attached["sessionId"].as_str().unwrap().clone_into(&mut browser.session);
        for domain in ["Page", "Network", "Runtime", "Log"] {
            browser.ask(&format!("{domain}.enable"), &json!({}));
        }
        browser
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.next += 1;
        let mut order = json!({ "id": self.next, "method": method, "params": params });
        if !self.session.is_empty() {
            order["sessionId"] = self.session.clone().into();
        }
        self.orders.write_all(format!("{order}\0").as_bytes()).unwrap();
        let number = self.next;
        self.until(method, |message, _| message["id"] == number)
    }

    /// Takes in what comes until it is what is waited for; its result.
    fn until(&mut self, what: &str, wanted: impl Fn(&Value, &Self) -> bool) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let mut message = self.heard.recv_timeout(left).unwrap_or_else(|error| panic!("{what}: {error}"));
            self.note(&message);
            if wanted(&message, self) {
                assert!(message["error"].is_null(), "{what}: {}", message["error"]);
                return message["result"].take();
            }
        }
    }

    fn note(&mut self, message: &Value) {
        let params = &message["params"];
        match message["method"].as_str() {
            Some("Network.requestWillBeSent") => {
                self.requests.push(params["request"]["url"].as_str().unwrap().to_owned());
            }
            Some("Log.entryAdded") => self.complaints.push(params["entry"]["text"].to_string()),
            Some("Runtime.consoleAPICalled") => self.complaints.push(params["args"].to_string()),
            Some("Runtime.exceptionThrown") => self.complaints.push(params["exceptionDetails"].to_string()),
            Some("Page.loadEventFired") => self.loaded = true,
            _ => {}
        }
    }

    /// Opens a file in a window of this width, in a scheme: `light` or `dark`.
    pub fn open(&mut self, file: &Path, width: u32, scheme: &str) {
        let size = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.ask("Emulation.setDeviceMetricsOverride", &size);
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.ask("Emulation.setEmulatedMedia", &json!({ "features": features }));
        (self.requests, self.complaints, self.loaded) = (Vec::new(), Vec::new(), false);
        self.ask("Page.navigate", &json!({ "url": format!("file://{}", file.display()) }));
        if !self.loaded {
            self.until("the page", |_, browser| browser.loaded);
        }
    }

    /// What a script finds in the page: the browser's own tool, which no policy of the page forbids.
    pub fn find(&mut self, script: &str) -> Value {
        let mut found = self.ask("Runtime.evaluate", &json!({ "expression": script, "returnByValue": true }));
        assert!(found["exceptionDetails"].is_null(), "{}", found["exceptionDetails"]);
        found["result"]["value"].take()
    }

    /// The whole page as PNG.
    pub fn picture(&mut self) -> Vec<u8> {
        let options = json!({ "format": "png", "captureBeyondViewport": true });
        decoded(self.ask("Page.captureScreenshot", &options)["data"].as_str().unwrap())
    }

    /// The page as it prints on A4.
    pub fn paper(&mut self) -> Vec<u8> {
        let options = json!({ "paperWidth": 8.27, "paperHeight": 11.69 });
        decoded(self.ask("Page.printToPDF", &options)["data"].as_str().unwrap())
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // It ends itself and those it started when nobody orders any more; what hangs is ended.
        self.orders.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0").ok();
        let end = Instant::now() + Duration::from_secs(10);
        while self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            if Instant::now() > end {
                self.child.kill().ok();
            }
            std::thread::yield_now();
        }
    }
}

fn decoded(text: &str) -> Vec<u8> {
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}
