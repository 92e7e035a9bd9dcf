//! What the screens of streams share: a line of figures above the table, and one line of the stream in full.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::message::Link;
use crate::state::State;
use crate::state::list::List;
use crate::state::stream_line::{Bar, Part, padded};
use crate::state::tail::{Streamed, Tail};
use crate::theme::{Theme, Tone};
use crate::widgets::frame::bordered;
use crate::widgets::table;
use crate::widgets::text::{count, cut, duration};

/// What a stream says of itself.
pub(super) struct Words<'a> {
    /// What else is chosen, such as `errors only`.
    pub(super) chosen: Option<&'a str>,
    /// Said when there is nothing.
    pub(super) empty: &'a str,
}

/// Draws figures and table.
pub(super) fn draw<T: Streamed>(
    frame: &mut Frame<'_>,
    area: Rect,
    state: &State,
    tail: &Tail<T>,
    words: &Words<'_>,
    theme: &Theme,
) {
    let panel = state.panel();
    let Some(list) = panel.list() else { return };
    let [head, body] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    let rows = panel.shown(&state.data);
    frame.render_widget(figures(tail, list, rows.len(), words, state, theme), head);
    let empty = if rows.is_empty() && !tail.is_empty() && list.filter.is_empty() {
        // Not the filter hides them.
        words.chosen
    } else {
        None
    };
    match empty {
        Some(chosen) => {
            let text = format!("{chosen}: there are none among these");
            frame.render_widget(Paragraph::new(theme.text(&text)).style(theme.style(Tone::Dim)), body);
        }
        None => table::draw_rows(frame, body, state, &rows, words.empty, theme),
    }
}

/// How many are shown, what hides the others, and whether the end is followed. What matters most comes first: narrow
/// terminals cut the end off.
fn figures<T: Streamed>(
    tail: &Tail<T>,
    list: &List,
    shown: usize,
    words: &Words<'_>,
    state: &State,
    theme: &Theme,
) -> Line<'static> {
    let mut pieces = vec![(Tone::Plain, format!("{shown} of {} shown", tail.len()))];
    if matches!(state.link, Link::Lost { .. }) {
        pieces.push((Tone::Warning, "nothing comes now".to_owned()));
    }
    match (tail.waiting(), list.follows()) {
        (Some(waiting), _) => pieces.push((Tone::Notice, format!("frozen, {waiting} wait: Space goes on"))),
        (None, true) if state.watching.is_none() => {}
        (None, true) if list.sort.is_some() => {}
        (None, true) => pieces.push((Tone::Good, "following".to_owned())),
        (None, false) if list.sort.is_some() => pieces.push((Tone::Plain, "g to the top".to_owned())),
        (None, false) => pieces.push((Tone::Plain, "G follows again".to_owned())),
    }
    if tail.lost_count() > 0 {
        pieces.push((Tone::Warning, format!("{} lost", count(tail.lost_count()))));
    }
    if let Some(chosen) = words.chosen {
        pieces.push((Tone::Notice, chosen.to_owned()));
    }
    if !list.filter.is_empty() {
        pieces.push((Tone::Accent, format!("/{}", list.filter)));
    }
    let mut room = usize::from(state.size.0);
    let mut spans = Vec::new();
    for (index, (tone, text)) in pieces.into_iter().enumerate() {
        let between = if index == 0 { "" } else { " · " };
        let mark = match theme.mark(tone) {
            " " => String::new(),
            mark => format!("{mark} "),
        };
        let text = cut(&format!("{between}{mark}{text}"), room);
        room -= text.chars().count();
        spans.push(Span::styled(theme.text(&text), theme.style(tone)));
    }
    Line::from(spans)
}

/// Draws one line of a stream in full.
pub(super) fn detail(
    frame: &mut Frame<'_>,
    area: Rect,
    state: &State,
    title: &str,
    parts: &[Part],
    scroll: usize,
    theme: &Theme,
) {
    let inner = bordered(frame, area, title, theme);
    let inner = Rect {
        x: inner.x + 1,
        width: inner.width.saturating_sub(2),
        ..inner
    };
    let stale = matches!(state.link, Link::Lost { .. });
    let height = usize::from(inner.height);
    let first = scroll.min(parts.len().saturating_sub(height));
    let lines: Vec<Line<'_>> = parts
        .iter()
        .skip(first)
        .take(height)
        .map(|part| {
            let line = part_line(part, usize::from(inner.width), theme);
            if stale {
                line.style(theme.style(Tone::Dim))
            } else {
                line
            }
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), inner);
    let below = parts.len().saturating_sub(first + height);
    if below > 0 {
        let text = format!(" {below} more below: j ");
        let width = u16::try_from(text.chars().count()).unwrap_or(u16::MAX).min(area.width);
        let place = Rect {
            x: area.right().saturating_sub(width + 2).max(area.x),
            y: area.bottom().saturating_sub(1),
            width,
            height: 1,
        };
        frame.render_widget(Span::styled(text, theme.style(Tone::Notice)), place);
    }
}

fn part_line(part: &Part, width: usize, theme: &Theme) -> Line<'static> {
    match part {
        Part::Fact(name, value, tone) => Line::from(vec![
            Span::styled(theme.text(&padded(name)), theme.style(Tone::Dim)),
            Span::raw("  "),
            Span::styled(theme.text(value), theme.style(*tone)),
        ]),
        Part::Heading(text) => Line::styled(theme.text(text), theme.style(Tone::Title)),
        Part::Text(text) => Line::raw(theme.text(text)),
        Part::Stage(bar) => stage(bar, width, theme),
    }
}

/// One stage where it stands in the whole.
fn stage(bar: &Bar, width: usize, theme: &Theme) -> Line<'static> {
    let percent = match bar.share * 100.0 {
        share if share > 0.0 && share < 1.0 => "<1 %".to_owned(),
        share => format!("{share:.0} %"),
    };
    let figures = format!("{:<9}{:>8}{percent:>7}  ", bar.name, duration(bar.us));
    let room = width.saturating_sub(figures.chars().count()).min(50);
    // What took any time is seen, even at the end.
    let before = ((bar.from * room as f64) as usize).min(room.saturating_sub(1));
    let long = ((bar.share * room as f64).round() as usize).clamp(1, (room - before).max(1));
    let tone = if bar.share >= 0.5 { Tone::Warning } else { Tone::Good };
    let sign = if theme.ascii { "#" } else { "█" };
    Line::from(vec![
        Span::raw(theme.text(&figures)),
        Span::raw(" ".repeat(before)),
        Span::styled(sign.repeat(if room == 0 { 0 } else { long }), theme.style(tone)),
    ])
}
