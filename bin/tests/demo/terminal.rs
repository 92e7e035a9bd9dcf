//! A real pseudo-terminal with a screen that can be read.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

use crate::service::WINDLASS;

/// How long something may take to show.
const PATIENCE: Duration = Duration::from_secs(20);

/// A program in a terminal of 80 columns and 24 rows.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    keyboard: Box<dyn Write + Send>,
    seen: Arc<(Mutex<Seen>, Condvar)>,
    master: Box<dyn MasterPty + Send>,
}

struct Seen {
    screen: vt100::Parser,
    raw: Vec<u8>,
    ended: bool,
}

impl Terminal {
    /// Starts `windlass` with these arguments.
    pub fn start(args: &[&str], folder: &Path) -> Self {
        let size = PtySize {
            rows: 24,
            cols: 80,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(WINDLASS);
        command.args(args);
        command.cwd(folder);
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env_remove("NO_COLOR");
        let child = pair.slave.spawn_command(command).unwrap();
        let mut output = pair.master.try_clone_reader().unwrap();
        let keyboard = pair.master.take_writer().unwrap();
        let seen = Arc::new((
            Mutex::new(Seen {
                screen: vt100::Parser::new(cells(24), cells(80), 0),
                raw: Vec::new(),
                ended: false,
            }),
            Condvar::new(),
        ));
        let told = Arc::clone(&seen);
        std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            loop {
                let read = output.read(&mut buffer).unwrap_or(0);
                let mut seen = told.0.lock().unwrap();
                seen.screen.process(&buffer[..read]);
                seen.raw.extend_from_slice(&buffer[..read]);
                seen.ended = read == 0;
                told.1.notify_all();
                if read == 0 {
                    return;
                }
            }
        });
        // The slave's end belongs to the program alone, so that its end is seen.
        drop(pair.slave);
        Self {
            child,
            keyboard,
            seen,
            master: pair.master,
        }
    }

    /// Presses keys; `\r` is Enter, `\x1b` is Esc, `\x1b[C` is the right arrow.
    pub fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Waits until the screen is so, and gives how long it took.
    #[track_caller]
    pub fn until(&self, what: &str, holds: impl Fn(&str) -> bool) -> Duration {
        let started = Instant::now();
        let mut seen = self.seen.0.lock().unwrap();
        loop {
            let screen = seen.screen.screen().contents();
            if holds(&screen) {
                return started.elapsed();
            }
            let left = PATIENCE.saturating_sub(started.elapsed());
            assert!(
                !left.is_zero() && !seen.ended,
                "waited for {what}; the screen is\n{screen}"
            );
            seen = self.seen.1.wait_timeout(seen, left).unwrap().0;
        }
    }

    /// Waits until a text is on the screen.
    #[track_caller]
    pub fn shows(&self, text: &str) -> Duration {
        self.until(text, |screen| screen.contains(text))
    }

    /// Changes its size.
    pub fn resize(&self, rows: u16, cols: u16) {
        self.seen
            .0
            .lock()
            .unwrap()
            .screen
            .screen_mut()
            .set_size(cells(rows), cells(cols));
        let size = PtySize {
            rows,
            cols,
            pixel_width: 0,
            pixel_height: 0,
        };
        self.master.resize(size).unwrap();
    }

    /// Everything that was written, control sequences included.
    pub fn raw(&self) -> String {
        String::from_utf8_lossy(&self.seen.0.lock().unwrap().raw).into_owned()
    }

    /// Waits for the end of the program.
    pub fn ends(&mut self) -> ExitStatus {
        let started = Instant::now();
        let mut seen = self.seen.0.lock().unwrap();
        while !seen.ended {
            let left = PATIENCE.saturating_sub(started.elapsed());
            assert!(!left.is_zero(), "the program does not end");
            seen = self.seen.1.wait_timeout(seen, left).unwrap().0;
        }
        drop(seen);
        self.child.wait().unwrap()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).unwrap()
}
