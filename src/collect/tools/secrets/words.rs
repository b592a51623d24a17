//! A command as words, as a shell splits it, without being one.

use std::path::Path;

/// What a shell would act upon. Passed on as it is it would surprise, so it has to stand in quotes.
const SHELL: &str = "|&;<>()$`*?[]{}#!";

/// Splits at blanks. `'…'` keeps everything, `"…"` everything but `\"` and `\\`, `\` the next character; a word that
/// begins with an unquoted `~/` is below home. The error never repeats a word.
pub(super) fn parse_words(line: &str, home: Option<&Path>) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            ' ' | '\t' | '\n' | '\r' => words.extend(word.take()),
            '\'' | '"' => quoted(c, &mut rest, word.get_or_insert_default())?,
            '\\' => word.get_or_insert_default().push(rest.next().ok_or("it ends with `\\`")?),
            '~' if word.is_none() && rest.peek() == Some(&'/') => {
                let home = home.and_then(Path::to_str).ok_or("no home folder is known here for `~/`")?;
                word = Some(home.to_owned());
            }
            '\0' => return Err("it holds a zero byte".into()),
            c if SHELL.contains(c) => {
                return Err(format!("it runs without a shell: put `{c}` in quotes, or write sh -c '…'"));
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

/// The rest of a quoted stretch, up to its closing mark.
fn quoted(mark: char, rest: &mut impl Iterator<Item = char>, word: &mut String) -> Result<(), String> {
    while let Some(c) = rest.next() {
        match c {
            c if c == mark => return Ok(()),
            '\\' if mark == '"' => match rest.next() {
                Some(c @ ('"' | '\\')) => word.push(c),
                Some(c) => word.extend(['\\', c]),
                None => break,
            },
            '\0' => return Err("it holds a zero byte".into()),
            c => word.push(c),
        }
    }
    Err(format!("a {mark} is not closed"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(line: &str) -> Vec<String> {
        parse_words(line, Some(Path::new("/home/roman"))).unwrap()
    }

    #[test]
    fn words_are_split_as_a_shell_splits_them() {
        assert_eq!(words("pass show backup/office"), ["pass", "show", "backup/office"]);
        assert_eq!(words("  a\t'b c'  \"d \\\" e\\n\" f\\ g h''i '' "), ["a", "b c", "d \" e\\n", "f g", "hi", ""]);
        assert_eq!(words("~/bin/pw '~/x' a~/b ~x"), ["/home/roman/bin/pw", "~/x", "a~/b", "~x"]);
        assert_eq!(words("sh -c 'a | b $C'"), ["sh", "-c", "a | b $C"]);
        assert!(words("   ").is_empty());
    }

    #[test]
    fn what_only_a_shell_understands_is_refused() {
        for line in ["a | b", "a $B", "a; b", "a `b`", "a > b", "a *", "'a", "\"a", "a\\", "\"a\\", "a\0b"] {
            assert!(parse_words(line, None).is_err(), "{line}");
        }
        assert!(parse_words("~/x", None).is_err());
    }

    proptest! {
        #[test]
        fn any_word_survives_single_quotes(word in "[^'\0]*") {
            prop_assert_eq!(words(&format!("'{word}'")), [word]);
        }

        #[test]
        fn no_line_panics(line in "\\PC*") {
            // Refusing is as good as splitting.
            parse_words(&line, None).ok();
        }
    }
}
