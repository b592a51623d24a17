//! The built program in a pseudo-terminal, its bytes kept and its screen read as a terminal would.

use std::io::{Read as _, Write as _};
use std::num::NonZeroU16;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

/// A program on a terminal.
pub struct Terminal {
    pub child: Box<dyn Child + Send + Sync>,
    pub screen: vt100::Parser,
    /// Every byte that it ever wrote.
    pub bytes: Vec<u8>,
    output: Receiver<Vec<u8>>,
    keyboard: Box<dyn std::io::Write + Send>,
    master: Option<Box<dyn MasterPty + Send>>,
}

impl Terminal {
    pub fn start(command: CommandBuilder, columns: u16, rows: u16) -> Self {
        let pair =
            native_pty_system().openpty(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }).unwrap();
        let child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (send, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = vec![0; 1 << 16];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if send.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        let keyboard = pair.master.take_writer().unwrap();
        let size = |n| NonZeroU16::new(n).unwrap();
        let screen = vt100::Parser::new(size(rows), size(columns), 0);
        Self { child, screen, bytes: Vec::new(), output, keyboard, master: Some(pair.master) }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.screen.process(bytes);
        self.bytes.extend_from_slice(bytes);
    }

    /// Reads until the screen is as wanted.
    pub fn until(&mut self, what: &str, done: impl Fn(&vt100::Screen) -> bool) {
        self.within(Duration::from_secs(30), what, done);
    }

    /// The same, for what takes longer.
    pub fn within(&mut self, patience: Duration, what: &str, done: impl Fn(&vt100::Screen) -> bool) {
        let end = Instant::now() + patience;
        while !done(self.screen.screen()) {
            match self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.take(&bytes),
                Err(error) => {
                    panic!(
                        "no {what} within {patience:?} ({error}); the screen is:\n{}",
                        self.screen.screen().contents()
                    )
                }
            }
        }
    }

    /// Reads until a text stands on the screen.
    pub fn shows(&mut self, text: &str) {
        self.until(&format!("`{text}`"), |screen| screen.contents().contains(text));
    }

    /// Reads until a text is gone from the screen.
    pub fn hides(&mut self, text: &str) {
        self.until(&format!("screen without `{text}`"), |screen| !screen.contents().contains(text));
    }

    /// Reads whatever comes until it has been quiet for this long.
    pub fn quiet(&mut self, pause: Duration) {
        while let Ok(bytes) = self.output.recv_timeout(pause) {
            self.take(&bytes);
        }
    }

    pub fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Pastes as a terminal does: between marks when the program asked for them, else as if somebody had typed it.
    pub fn paste(&mut self, text: &str) {
        let marks = if self.screen.screen().bracketed_paste() { ["\x1b[200~", "\x1b[201~"] } else { ["", ""] };
        self.press(&marks.join(text));
    }

    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.master.as_ref().unwrap().resize(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }).unwrap();
        self.screen.screen_mut().set_size(NonZeroU16::new(rows).unwrap(), NonZeroU16::new(columns).unwrap());
    }

    pub fn pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Closes the terminal, as a closed window does.
    pub fn hang_up(&mut self) {
        self.master = None;
        // The reader holds a copy of the master: it goes with the writer's when the program lets go of its end.
    }

    /// Waits for the end and takes the last bytes.
    pub fn end(&mut self) -> ExitStatus {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                self.quiet(Duration::from_millis(200));
                return status;
            }
            assert!(Instant::now() < end, "it did not end; the screen is:\n{}", self.screen.screen().contents());
            if let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(20)) {
                self.take(&bytes);
            }
        }
    }

    /// The terminal as it is left: the alternate screen left, the cursor shown, mouse and bracketed paste off.
    pub fn is_restored(&self) -> bool {
        let screen = self.screen.screen();
        !screen.alternate_screen()
            && !screen.hide_cursor()
            && !screen.bracketed_paste()
            && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
    }
}
