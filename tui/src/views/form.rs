//! The form that tries a route: its inputs, what belongs into the one with the keys, and the reply.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::popup;
use crate::state::document;
use crate::state::trial::{Form, FormField};
use crate::theme::{Theme, Tone};
use crate::widgets::frame::bordered;
use crate::widgets::table::first_line;
use crate::widgets::text::{bytes, cut, duration};

/// What the keys do, told on the border as letters are typed here.
const KEYS: &str = "Enter sends · Ctrl-y curl · Esc";

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, form: &Form, theme: &Theme) {
    let area = popup(frame, area, area.width, area.height);
    let room = usize::from(area.width).saturating_sub(KEYS.chars().count() + 8);
    let title = format!("{} · {KEYS}", cut(&form.detail.line.route, room));
    let inner = bordered(frame, area, &title, theme);
    let lines = form.input_lines(usize::from(inner.height));
    let [inputs, help, title, reply] = Layout::vertical([
        Constraint::Length(u16::try_from(lines).unwrap_or(u16::MAX)),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Fill(1),
    ])
    .areas(inner);
    draw_inputs(frame, inputs, form, theme);
    if let Some(field) = form.fields.get(form.at) {
        let text = format!("  {} · {}", place(field), field.help);
        let text = theme.text(&cut(&text, usize::from(help.width)));
        frame.render_widget(Span::styled(text, theme.style(Tone::Dim)), help);
    }
    draw_reply(frame, title, reply, form, theme);
}

fn place(field: &FormField) -> String {
    let place = match field.location.as_str() {
        "path" => "in the path",
        "query" => "in the query",
        "header" => "a header",
        _ => "the body",
    };
    if field.required || field.location == "path" {
        format!("{place}, required")
    } else {
        place.to_owned()
    }
}

fn draw_inputs(frame: &mut Frame<'_>, area: Rect, form: &Form, theme: &Theme) {
    if form.fields.is_empty() {
        let text = "  nothing to fill in: Enter sends it";
        frame.render_widget(Span::styled(text, theme.style(Tone::Dim)), area);
        return;
    }
    let names = form.fields.iter().map(|field| document::width(&field.name));
    let label = names.max().unwrap_or_default().min(20);
    let height = usize::from(area.height);
    let first = first_line(form.at, form.fields.len(), height);
    // Mark, star and sign around the name.
    let before = label + 6;
    let room = usize::from(area.width).saturating_sub(before + 1);
    let mut lines = Vec::new();
    for (index, field) in form.fields.iter().enumerate().skip(first).take(height) {
        let current = index == form.at;
        let star = if field.required || field.location == "path" {
            "*"
        } else {
            " "
        };
        let name = format!(
            "{} {star} {:<label$}",
            if current { ">" } else { " " },
            cut(&field.name, label)
        );
        let scrolled = if current { field.input.visual_scroll(room) } else { 0 };
        let (value, column) = window(field, scrolled, room);
        lines.push(Line::from(vec![
            Span::styled(
                theme.text(&name),
                theme.style(if current { Tone::Accent } else { Tone::Plain }),
            ),
            Span::raw("  "),
            Span::raw(theme.text(&value)),
        ]));
        if current {
            let x = area.x + u16::try_from(before + column).unwrap_or(area.width);
            let y = area.y + u16::try_from(index - first).unwrap_or_default();
            frame.set_cursor_position((x.min(area.right().saturating_sub(1)), y));
        }
    }
    frame.render_widget(Paragraph::new(lines), area);
}

/// What is seen of a value that is scrolled by so many columns, and where the cursor is in it.
fn window(field: &FormField, scrolled: usize, room: usize) -> (String, usize) {
    let mut column = 0;
    let mut seen = String::new();
    for c in field.input.value().chars() {
        let wide = document::width(c.encode_utf8(&mut [0; 4]));
        if column >= scrolled && column + wide <= scrolled + room {
            seen.push(if c.is_control() { ' ' } else { c });
        }
        column += wide;
    }
    (seen, field.input.visual_cursor().saturating_sub(scrolled))
}

fn draw_reply(frame: &mut Frame<'_>, title: Rect, area: Rect, form: &Form, theme: &Theme) {
    let (tone, text) = match &form.reply {
        _ if form.sent.is_some() => (Tone::Notice, "sent; waiting for the reply…".to_owned()),
        None => return,
        Some(reply) => match &reply.result {
            Ok(reply) => (
                match reply.status {
                    0..400 => Tone::Good,
                    400..500 => Tone::Warning,
                    _ => Tone::Bad,
                },
                format!(
                    "{} in {}, {}{}",
                    reply.title(),
                    duration(reply.duration_us),
                    bytes(reply.body.len() as u64),
                    if reply.cut { " and more" } else { "" }
                ),
            ),
            Err(reason) => (Tone::Bad, format!("no reply: {reason}")),
        },
    };
    let width = usize::from(area.width);
    let text = cut(&format!("{} {text}", theme.mark(tone)), width);
    frame.render_widget(Span::styled(theme.text(&text), theme.style(tone)), title);
    let lines = form.reply_lines(width);
    let height = usize::from(area.height);
    let first = form.scroll.min(lines.len().saturating_sub(height));
    let shown: Vec<Line<'_>> = lines
        .iter()
        .skip(first)
        .take(height)
        .map(|line| crate::widgets::document::paint(line, form.sent.is_some(), theme))
        .collect();
    frame.render_widget(Paragraph::new(shown), area);
    if first + height < lines.len() {
        let text = format!("{}-{}/{}", first + 1, first + height, lines.len());
        let columns = u16::try_from(text.len()).unwrap_or(u16::MAX).min(title.width);
        let right = Rect {
            x: title.right() - columns,
            width: columns,
            ..title
        };
        frame.render_widget(Span::styled(text, theme.style(Tone::Dim)), right);
    }
}
