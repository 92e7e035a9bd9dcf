//! A screen of several tables: their names, a line of facts, and the table that is shown; or what is opened over it.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};
use windlass_core::admin::protocol::Ask;

use super::text::age;
use super::{document, figures, table};
use crate::message::Link;
use crate::state::State;
use crate::state::figure::Figure;
use crate::state::sheet::Opened;
use crate::theme::{Theme, Tone};

/// What is shown.
#[derive(Debug)]
pub struct Tabbed<'a> {
    /// The tables' names.
    pub titles: &'a [&'a str],
    /// The one that is shown.
    pub current: usize,
    /// What the keys do here, if there is room to say it.
    pub hint: &'a str,
    /// Facts about the table.
    pub figures: Vec<Figure>,
    /// The question that the table answers.
    pub ask: Ask,
    /// What is said of an empty table.
    pub empty: &'a str,
}

/// Draws it.
pub fn draw(frame: &mut Frame<'_>, area: Rect, state: &State, tabbed: Tabbed<'_>, theme: &Theme) {
    let stale = matches!(state.link, Link::Lost { .. });
    let refusal = state.data.refusal(&tabbed.ask);
    let answered = state.data.answered_at(&tabbed.ask);
    let mut facts = tabbed.figures;
    if let (Some(_), Some(at)) = (refusal, answered) {
        let text = format!("as it was {} ago", age(state.now - at));
        facts.insert(0, Figure::new(Tone::Warning, text));
    }
    // On a low terminal the rows of the table come first.
    let most = if area.height >= 16 { 2 } else { 1 };
    let facts = figures::lines(&facts, usize::from(area.width), most, stale, theme);
    let [tabs, middle, body] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(u16::try_from(facts.len()).unwrap_or(1)),
        Constraint::Fill(1),
    ])
    .areas(area);
    frame.render_widget(
        heading(tabbed.titles, tabbed.current, tabbed.hint, tabs.width, theme),
        tabs,
    );
    frame.render_widget(Paragraph::new(facts), middle);
    match (answered, refusal) {
        (Some(_), _) => table::draw(frame, body, state, tabbed.empty, theme),
        (None, Some(refusal)) => {
            let text = match &refusal.hint {
                Some(hint) => format!("{} {}; {hint}", theme.mark(Tone::Warning), refusal.message),
                None => format!("{} {}", theme.mark(Tone::Warning), refusal.message),
            };
            let text = Paragraph::new(theme.text(&text)).wrap(Wrap { trim: true });
            frame.render_widget(text.style(theme.style(Tone::Warning)), body);
        }
        (None, None) => table::draw(frame, body, state, "asking…", theme),
    }
}

/// The names; the shown one stands in brackets, as colours may be missing.
fn heading(titles: &[&str], current: usize, hint: &str, columns: u16, theme: &Theme) -> Line<'static> {
    let mut line = Line::from_iter(titles.iter().enumerate().map(|(index, title)| {
        if index == current {
            Span::styled(format!("[{title}]"), theme.selected())
        } else {
            Span::styled(format!(" {title} "), theme.style(Tone::Accent))
        }
    }));
    let hint = Span::styled(theme.text(hint), theme.style(Tone::Dim));
    let room = usize::from(columns).saturating_sub(line.width());
    if let Some(space) = room.checked_sub(hint.width() + 1) {
        line.push_span(Span::raw(" ".repeat(space)));
        line.push_span(hint);
    }
    line
}

/// Draws what is opened.
pub fn opened(frame: &mut Frame<'_>, area: Rect, state: &State, opened: &Opened, theme: &Theme) {
    let sheet = document::Opened {
        title: &opened.sheet.title,
        state: opened.state(),
        parts: &[],
        part: 0,
        lines: opened.sheet.lines.clone(),
        scroll: opened.at.scroll,
        stale: matches!(state.link, Link::Lost { .. }),
    };
    document::draw(frame, area, sheet, theme);
}
