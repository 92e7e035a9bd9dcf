//! The newest lines of a stream, so many and no more; while it is frozen, new ones wait behind what is shown.

use std::collections::{HashSet, VecDeque};

use windlass_core::admin::protocol::{Exchange, LogLine};

/// What a stream consists of.
pub trait Streamed {
    /// When it happened (Unix time in milliseconds), and its number. A service that starts again counts from the beginning
    /// again, so the number alone names nothing.
    fn place(&self) -> (i64, u64);

    /// Names it in a list; in the order of the alphabet as in the order of time.
    fn key(&self) -> String {
        let (at, number) = self.place();
        format!("{at:020} {number:020}")
    }
}

impl Streamed for Exchange {
    fn place(&self) -> (i64, u64) {
        (self.at, self.number)
    }
}

impl Streamed for LogLine {
    fn place(&self) -> (i64, u64) {
        (self.at, self.number)
    }
}

/// The newest lines, oldest first.
#[derive(Debug)]
pub struct Tail<T> {
    kept: VecDeque<T>,
    /// What came while it was frozen.
    behind: Option<VecDeque<T>>,
    /// What is kept or waits, by its place: the same line may come by the stream and in an answer.
    known: HashSet<(i64, u64)>,
    /// Nothing up to here comes back with an answer.
    cleared: Option<(i64, u64)>,
    most: usize,
    lost: u64,
}

impl<T: Streamed> Tail<T> {
    /// Keeps at most so many; as many again wait while it is frozen.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            kept: VecDeque::new(),
            behind: None,
            known: HashSet::new(),
            cleared: None,
            most,
            lost: 0,
        }
    }

    /// Takes in what the stream brought, in the order in which it came.
    pub fn came(&mut self, lines: Vec<T>) {
        let into = self.behind.as_mut().unwrap_or(&mut self.kept);
        for line in lines {
            if self.known.insert(line.place()) {
                into.push_back(line);
            }
            while into.len() > self.most {
                drop_first(into, &mut self.known);
            }
        }
    }

    /// Takes in what was before: lines of the same source as the stream's.
    pub fn join(&mut self, lines: impl IntoIterator<Item = T>) {
        let new: Vec<T> = lines
            .into_iter()
            .filter(|line| self.cleared.is_none_or(|cleared| line.place() > cleared))
            .filter(|line| !self.known.contains(&line.place()))
            .collect();
        if new.is_empty() || self.behind.is_some() {
            return;
        }
        self.known.extend(new.iter().map(Streamed::place));
        self.kept.extend(new);
        self.kept.make_contiguous().sort_by_key(Streamed::place);
        self.trim();
    }

    /// Takes these lines instead of all that are kept.
    pub fn replace(&mut self, lines: impl IntoIterator<Item = T>) {
        if self.behind.is_none() {
            self.forget();
            self.join(lines);
        }
    }

    /// Forgets what is kept; an answer may bring it back.
    pub fn forget(&mut self) {
        self.kept.clear();
        self.known.clear();
        if let Some(behind) = &mut self.behind {
            behind.clear();
        }
    }

    /// Forgets what is kept, for good.
    pub fn clear(&mut self) {
        let newest = self.kept.iter().chain(self.behind.iter().flatten());
        self.cleared = newest.map(Streamed::place).max().or(self.cleared);
        self.forget();
        self.lost = 0;
    }

    /// Stands still, or goes on with what has come meanwhile.
    pub fn freeze(&mut self, on: bool) {
        if on {
            self.behind.get_or_insert_default();
        } else if let Some(behind) = self.behind.take() {
            self.kept.extend(behind);
            self.trim();
        }
    }

    fn trim(&mut self) {
        while self.kept.len() > self.most {
            drop_first(&mut self.kept, &mut self.known);
        }
    }

    /// Notes that so many lines were lost.
    pub fn lost(&mut self, count: u64) {
        self.lost = self.lost.saturating_add(count);
    }

    /// How many lines were lost since it was cleared.
    #[must_use]
    pub fn lost_count(&self) -> u64 {
        self.lost
    }

    /// How many lines wait; `None` if it does not stand still.
    #[must_use]
    pub fn waiting(&self) -> Option<usize> {
        self.behind.as_ref().map(VecDeque::len)
    }

    /// What may be shown, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.kept.iter()
    }

    /// How much may be shown.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether nothing may be shown.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The line of this key.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<&T> {
        self.kept.iter().find(|line| line.key() == key)
    }
}

fn drop_first<T: Streamed>(lines: &mut VecDeque<T>, known: &mut HashSet<(i64, u64)>) {
    if let Some(line) = lines.pop_front() {
        known.remove(&line.place());
    }
}
