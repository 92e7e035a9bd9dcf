//! Small charts of one line.

use ratatui::text::Span;

use crate::theme::{Theme, Tone};

/// The last values, a column each, the newest to the right; `top` is a full column, the largest value if absent.
#[must_use]
pub fn spark(values: &[f64], width: usize, top: Option<f64>, tone: Tone, theme: &Theme) -> Span<'static> {
    let bars = theme.bars();
    let shown = values.get(values.len().saturating_sub(width)..).unwrap_or_default();
    let top = top.unwrap_or_else(|| shown.iter().copied().fold(0.0, f64::max));
    let full = bars.len().saturating_sub(1);
    let text: String = std::iter::repeat_n(" ", width.saturating_sub(shown.len()))
        .chain(shown.iter().map(|value| {
            let share = if top > 0.0 { (value / top).clamp(0.0, 1.0) } else { 0.0 };
            // What is there at all is seen.
            let step = if *value > 0.0 {
                (share * full as f64).ceil().max(1.0)
            } else {
                0.0
            };
            bars.get(step as usize).copied().unwrap_or(" ")
        }))
        .collect();
    Span::styled(text, theme.style(tone))
}

/// How full something is: `#####-----`.
#[must_use]
pub fn gauge(share: f64, width: usize, tone: Tone, theme: &Theme) -> Span<'static> {
    let full = (share.clamp(0.0, 1.0) * width as f64).round() as usize;
    let (on, off) = if theme.ascii { ("#", "-") } else { ("█", "░") };
    Span::styled(
        on.repeat(full) + &off.repeat(width.saturating_sub(full)),
        theme.style(tone),
    )
}

/// As [`spark`], over so many lines, from the top.
#[must_use]
pub fn bars(
    values: &[f64],
    width: usize,
    height: usize,
    top: Option<f64>,
    tone: Tone,
    theme: &Theme,
) -> Vec<Span<'static>> {
    let shown = values.get(values.len().saturating_sub(width)..).unwrap_or_default();
    let top = top.unwrap_or_else(|| shown.iter().copied().fold(0.0, f64::max));
    (0..height)
        .rev()
        .map(|line| {
            // What of each value reaches into this line; the lowest one shows what is there at all.
            let parts: Vec<f64> = shown
                .iter()
                .map(|value| {
                    let share = if top > 0.0 { (value / top).clamp(0.0, 1.0) } else { 0.0 };
                    let part = (share * height as f64 - line as f64).clamp(0.0, 1.0);
                    if line == 0 && *value > 0.0 {
                        part.max(0.01)
                    } else {
                        part
                    }
                })
                .collect();
            spark(&parts, width, Some(1.0), tone, theme)
        })
        .collect()
}
