//! Searches that begin where the last one ended.

/// Items that are looked at one by one before the search begins to halve.
const NEAR: usize = 24;

/// How many items at the front of `items` pass, when about `guess` do; those that pass stand in front of all others.
#[inline(always)]
pub(super) fn count<T>(items: &[T], guess: usize, pass: impl Fn(&T) -> bool) -> usize {
    let from = guess.min(items.len());
    if from > 0 && !pass(&items[from - 1]) {
        let back = items[..from - 1].iter().rev().take(NEAR).take_while(|x| !pass(x)).count();
        let to = from - 1 - back;
        return if back < NEAR { to } else { items[..to].partition_point(pass) };
    }
    let n = items[from..].iter().take(NEAR).take_while(|x| pass(x)).count();
    if n < NEAR { from + n } else { from + n + items[from + n..].partition_point(pass) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_guess_leads_there() {
        let items: Vec<usize> = (0..100).collect();
        for n in 0..=100 {
            for guess in 0..=120 {
                assert_eq!(count(&items, guess, |i| *i < n), n, "{n} from {guess}");
            }
        }
    }
}
