//! Builds a message of one line.

use zeroize::Zeroizing;

/// Longest message in characters, the ellipsis included (docs/contract.md §10).
pub(super) const MESSAGE_CHARS: usize = 300;

/// Builds one line: folds blanks and removes unprintable characters.
pub(super) struct Line {
    text: String,
    chars: usize,
    most: usize,
    blank_pending: bool,
}

impl Line {
    /// A line of at most `most` characters; what goes beyond is cut off.
    pub(super) fn new(most: usize) -> Self {
        Self {
            text: String::new(),
            chars: 0,
            most,
            blank_pending: false,
        }
    }

    pub(super) fn push(&mut self, c: char) {
        if c.is_whitespace() || c.is_control() {
            self.blank_pending = true;
        } else if !is_invisible(c) {
            if self.blank_pending && self.chars > 0 {
                self.text.push(' ');
                self.chars += 1;
            }
            self.blank_pending = false;
            self.text.push(c);
            self.chars += 1;
        }
    }

    pub(super) fn push_word(&mut self, word: &str) {
        word.chars().for_each(|c| self.push(c));
    }

    pub(super) fn is_full(&self) -> bool {
        self.chars > self.most
    }

    pub(super) fn finish(mut self) -> Option<String> {
        if self.chars > self.most {
            let kept = self
                .text
                .char_indices()
                .nth(self.most - 1)
                .map_or(self.text.len(), |(at, _)| at);
            self.text.truncate(kept);
            self.text.truncate(self.text.trim_end().len());
            self.text.push('…');
        }
        (!self.text.is_empty()).then_some(self.text)
    }
}

/// `text` as a [`Line`] contains it.
pub(super) fn folded(text: &str) -> Zeroizing<String> {
    let mut line = Line::new(text.len());
    text.chars().for_each(|c| line.push(c));
    Zeroizing::new(line.text)
}

/// Characters that are invisible but can reorder or split a line in a terminal (Unicode TR 36 §2.5).
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}')
}
