//! A small part of regular expressions: `^`, `$`, `.`, `*`, escapes; groups are read as their contents.

/// A pattern that is looked for anywhere in a text.
pub(super) struct Pattern {
    items: Vec<Item>,
    from_start: bool,
    to_end: bool,
    ignore_case: bool,
}

struct Item {
    /// None is any character.
    letter: Option<char>,
    repeated: bool,
}

impl Pattern {
    /// Reads a pattern; an error for what a database would refuse.
    pub fn new(text: &str, ignore_case: bool) -> Result<Self, ()> {
        let mut pattern = Self {
            items: Vec::new(),
            from_start: false,
            to_end: false,
            ignore_case,
        };
        let mut depth = 0_i32;
        let mut letters = text.chars().peekable();
        while let Some(letter) = letters.next() {
            let item = match letter {
                '^' if pattern.items.is_empty() => {
                    pattern.from_start = true;
                    continue;
                }
                '$' if letters.peek().is_none() => {
                    pattern.to_end = true;
                    continue;
                }
                '(' | ')' => {
                    depth += if letter == '(' { 1 } else { -1 };
                    if depth < 0 {
                        return Err(());
                    }
                    continue;
                }
                '*' | '+' | '?' => return Err(()),
                '[' if !text.contains(']') => return Err(()),
                '\\' => Some(letters.next().ok_or(())?),
                '.' => None,
                other => Some(other),
            };
            let repeated = letters.next_if_eq(&'*').is_some();
            pattern.items.push(Item {
                letter: item,
                repeated,
            });
        }
        if depth == 0 { Ok(pattern) } else { Err(()) }
    }

    /// Whether the pattern occurs in the text.
    pub fn matches(&self, text: &str) -> bool {
        let fold = |letter: char| {
            if self.ignore_case {
                letter.to_ascii_lowercase()
            } else {
                letter
            }
        };
        let letters: Vec<char> = text.chars().map(fold).collect();
        let last = if self.from_start { 0 } else { letters.len() };
        (0..=last).any(|from| self.follows(0, &letters[from..]))
    }

    fn follows(&self, index: usize, rest: &[char]) -> bool {
        let Some(item) = self.items.get(index) else {
            return !self.to_end || rest.is_empty();
        };
        let fold = |letter: char| {
            if self.ignore_case {
                letter.to_ascii_lowercase()
            } else {
                letter
            }
        };
        let fits = rest
            .first()
            .is_some_and(|first| item.letter.is_none_or(|letter| fold(letter) == *first));
        if item.repeated {
            return self.follows(index + 1, rest) || fits && self.follows(index, &rest[1..]);
        }
        fits && self.follows(index + 1, &rest[1..])
    }
}
