//! How meanings look: the sixteen colours of the terminal itself, or none; never colour alone.

use ratatui::style::{Color, Modifier, Style};

/// What a piece of text means. State and lists know meanings, not colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each says what it is for")]
pub enum Tone {
    #[default]
    Plain,
    /// Old, secondary, or not there.
    Dim,
    Good,
    /// Worth a look.
    Notice,
    Warning,
    Bad,
    /// Titles and headings.
    Title,
    /// Keys, and what can be chosen.
    Accent,
}

/// How the terminal shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// Whether colours are used.
    pub colour: bool,
    /// Whether the background is light.
    pub light: bool,
    /// Whether only ASCII can be shown.
    pub ascii: bool,
}

impl Default for Theme {
    fn default() -> Self {
        Self {
            colour: true,
            light: false,
            ascii: false,
        }
    }
}

impl Theme {
    /// What the environment says: `NO_COLOR`, `TERM`, `COLORFGBG` (rxvt's convention) and the locale.
    #[must_use]
    pub fn detect(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| set(name));
        let utf8 = locale.is_some_and(|name| {
            let name = name.to_lowercase();
            name.contains("utf-8") || name.contains("utf8")
        });
        let dumb = set("TERM").is_none_or(|term| term == "dumb");
        let light = set("COLORFGBG")
            .and_then(|pair| pair.rsplit(';').next()?.parse::<u8>().ok())
            .is_some_and(|background| background == 7 || (9..=15).contains(&background));
        Self {
            colour: set("NO_COLOR").is_none() && !dumb,
            light,
            ascii: !utf8,
        }
    }

    /// The style of a meaning.
    #[must_use]
    pub fn style(&self, tone: Tone) -> Style {
        let plain = Style::default();
        let attributes = match tone {
            Tone::Title => plain.add_modifier(Modifier::BOLD),
            Tone::Bad => plain.add_modifier(Modifier::BOLD),
            Tone::Dim => plain.add_modifier(Modifier::DIM),
            _ => plain,
        };
        if !self.colour {
            return attributes;
        }
        let colour = match (tone, self.light) {
            (Tone::Plain | Tone::Title, _) => return attributes,
            // Terminals differ in how they dim: on both backgrounds grey can be read.
            (Tone::Dim, _) => Color::DarkGray,
            (Tone::Good, _) => Color::Green,
            (Tone::Notice, false) => Color::Cyan,
            (Tone::Notice, true) => Color::Blue,
            (Tone::Warning, false) => Color::Yellow,
            // Yellow cannot be read on white.
            (Tone::Warning, true) => Color::Magenta,
            (Tone::Bad, _) => Color::Red,
            (Tone::Accent, false) => Color::LightCyan,
            (Tone::Accent, true) => Color::Blue,
        };
        let style = attributes.fg(colour);
        if tone == Tone::Dim {
            style.remove_modifier(Modifier::DIM)
        } else {
            style
        }
    }

    /// The style of the selected line.
    #[must_use]
    pub fn selected(&self) -> Style {
        Style::default().add_modifier(Modifier::REVERSED)
    }

    /// The mark of a meaning, one column wide, so that colour is never alone.
    #[must_use]
    pub fn mark(&self, tone: Tone) -> &'static str {
        match (tone, self.ascii) {
            (Tone::Good, false) => "✓",
            (Tone::Good, true) => "+",
            (Tone::Bad, false) => "✗",
            (Tone::Bad, true) => "x",
            (Tone::Warning, _) => "!",
            (Tone::Notice, _) => "i",
            (Tone::Dim, _) => "?",
            _ => " ",
        }
    }

    /// From empty to full, for small charts.
    #[must_use]
    pub fn bars(&self) -> &'static [&'static str] {
        if self.ascii {
            &[" ", ".", ":", "-", "=", "+", "*", "#", "@"]
        } else {
            &[" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
        }
    }

    /// The text as the terminal can show it: what is not ASCII becomes its nearest sign, or `?`.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        if !self.ascii || text.is_ascii() {
            return text.to_owned();
        }
        text.chars()
            .map(|c| match c {
                c if c.is_ascii() => c,
                '…' => '~',
                '–' | '—' | '─' => '-',
                '·' | '•' => '.',
                '│' | '├' => '|',
                '└' => '`',
                '✓' => '+',
                '✗' => 'x',
                '×' => 'x',
                '→' => '>',
                'µ' => 'u',
                '‘' | '’' => '\'',
                '“' | '”' => '"',
                _ => '?',
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_decides() {
        let theme = |pairs: &[(&str, &str)]| {
            Theme::detect(|name| {
                pairs
                    .iter()
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| (*value).to_owned())
            })
        };
        let full = [("TERM", "xterm-256color"), ("LANG", "en_US.UTF-8")];
        assert_eq!(theme(&full), Theme::default());
        assert!(!theme(&[full[0], full[1], ("NO_COLOR", "1")]).colour);
        assert!(theme(&[full[0], full[1], ("NO_COLOR", "")]).colour);
        assert!(theme(&[full[0], full[1], ("COLORFGBG", "0;15")]).light);
        assert!(!theme(&[full[0], full[1], ("COLORFGBG", "15;0")]).light);
        assert!(theme(&[full[0], ("LC_ALL", "C"), ("LANG", "en_US.UTF-8")]).ascii);
        assert!(!theme(&[("TERM", "dumb")]).colour);
    }
}
