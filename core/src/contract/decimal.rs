//! Exact decimal numbers, for bounds: JSON numbers, `bigint` and `numeric` are never rounded.

use std::cmp::Ordering;
use std::fmt;

/// A finite decimal: `digits × 10^exponent`, exact. At most 2,000 significant digits, exponent within ±131,071 (Postgres's `numeric`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decimal {
    negative: bool,
    /// Without zeros at either end; empty for zero.
    digits: Vec<u8>,
    /// Power of ten of the last digit.
    exponent: i32,
}

impl Decimal {
    /// Reads JSON's number grammar (RFC 8259 §6), a leading `+` excluded.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, power) = match rest.split_once(['e', 'E']) {
            Some((mantissa, power)) => (mantissa, power.parse::<i32>().ok().filter(|p| p.abs() <= 131_071)?),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.is_empty() || (fraction.is_empty() && mantissa.contains('.')) {
            return None;
        }
        if !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) || mantissa.len() > 2_000 {
            return None;
        }
        let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).map(|b| b - b'0').collect();
        let mut exponent = power.checked_sub(i32::try_from(fraction.len()).ok()?)?;
        while digits.last() == Some(&0) {
            digits.pop();
            exponent += 1;
        }
        let lead = digits.iter().take_while(|d| **d == 0).count();
        digits.drain(..lead);
        if digits.is_empty() {
            return Some(Self {
                negative: false,
                digits,
                exponent: 0,
            });
        }
        Some(Self {
            negative,
            digits,
            exponent,
        })
    }

    /// Position of the highest digit above the point: 3 for 123.4, -1 for 0.05.
    fn magnitude(&self) -> i64 {
        i64::from(self.exponent) + i64::try_from(self.digits.len()).unwrap_or(i64::MAX)
    }

    /// Digits before the point (0 for 0.5).
    #[must_use]
    pub fn integer_digits(&self) -> u32 {
        u32::try_from(self.magnitude().max(0)).unwrap_or(u32::MAX)
    }

    /// Digits after the point (0 for whole numbers).
    #[must_use]
    pub fn fraction_digits(&self) -> u32 {
        if self.digits.is_empty() {
            0
        } else {
            self.exponent.min(0).unsigned_abs()
        }
    }

    /// Whether it has no fraction.
    #[must_use]
    pub fn is_integer(&self) -> bool {
        self.fraction_digits() == 0
    }

    /// As `i64`, if it is whole and fits.
    #[must_use]
    pub fn to_i64(&self) -> Option<i64> {
        if !self.is_integer() || self.magnitude() > 19 {
            return None;
        }
        let mut value: i128 = 0;
        for digit in &self.digits {
            value = value * 10 + i128::from(*digit);
        }
        value *= 10_i128.checked_pow(u32::try_from(self.exponent).ok()?)?;
        i64::try_from(if self.negative { -value } else { value }).ok()
    }

    /// As a double, rounded; for formats that only have doubles.
    #[must_use]
    pub fn to_f64(&self) -> f64 {
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    /// Whether it is a whole multiple of `step`; false for a zero step.
    #[must_use]
    pub fn is_multiple_of(&self, step: &Self) -> bool {
        if step.digits.is_empty() {
            return false;
        }
        let Some(modulus) = step
            .digits
            .iter()
            .try_fold(0_u128, |n, d| n.checked_mul(10)?.checked_add(u128::from(*d)))
        else {
            return self == step;
        };
        if modulus > u128::from(u64::MAX) {
            return self == step || self.digits.is_empty();
        }
        let shift = i64::from(self.exponent) - i64::from(step.exponent);
        if shift < 0 {
            // More fraction digits than the step has: no whole multiple, as digits end in a non-zero.
            // A step such as 0.5 = 5e-1 has no trailing zero either, so 0.25 is refused here and 1 is not.
            return self.digits.is_empty();
        }
        let mut rest = 0_u128;
        for digit in self
            .digits
            .iter()
            .copied()
            .chain(std::iter::repeat_n(0, usize::try_from(shift).unwrap_or(0)))
        {
            rest = (rest * 10 + u128::from(digit)) % modulus;
        }
        rest == 0
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Self {
        Self::parse(itoa::Buffer::new().format(value)).unwrap_or(Self {
            negative: false,
            digits: Vec::new(),
            exponent: 0,
        })
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (true, false) => return Ordering::Less,
            (false, true) => return Ordering::Greater,
            _ => {}
        }
        let absolute = match (self.digits.is_empty(), other.digits.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            // Neither ends in zeros, so digits compare like fractions once the magnitudes agree.
            (false, false) => self
                .magnitude()
                .cmp(&other.magnitude())
                .then_with(|| self.digits.cmp(&other.digits)),
        };
        if self.negative { absolute.reverse() } else { absolute }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.digits.is_empty() {
            return f.write_str("0");
        }
        if self.negative {
            f.write_str("-")?;
        }
        let text: String = self.digits.iter().map(|d| char::from(b'0' + d)).collect();
        let point = self.magnitude();
        if self.exponent >= 0 && point <= 40 {
            write!(f, "{text}{}", "0".repeat(usize::try_from(self.exponent).unwrap_or(0)))
        } else if point > 0 && self.exponent < 0 {
            let (whole, fraction) = text.split_at(usize::try_from(point).unwrap_or(0));
            write!(f, "{whole}.{fraction}")
        } else if point <= 0 && point > -40 {
            write!(f, "0.{}{text}", "0".repeat(usize::try_from(-point).unwrap_or(0)))
        } else {
            write!(f, "{text}e{}", self.exponent)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Decimal;

    fn d(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn order_is_exact() {
        for (less, more) in [
            ("-1", "0"),
            ("0.1", "0.10000000000000000001"),
            ("9", "10"),
            ("9007199254740992", "9007199254740993"),
            ("-10", "-9"),
            ("1e-3", "0.01"),
            ("99", "1e2"),
        ] {
            assert!(d(less) < d(more), "{less} < {more}");
        }
        assert_eq!(d("1.0"), d("1"));
        assert_eq!(d("-0"), d("0"));
        assert_eq!(d("1e2"), d("100"));
    }

    #[test]
    fn multiples_and_digits() {
        assert!(d("1").is_multiple_of(&d("0.5")));
        assert!(!d("0.25").is_multiple_of(&d("0.5")));
        assert!(d("0.3").is_multiple_of(&d("0.1")));
        assert!(!d("7").is_multiple_of(&d("3")));
        assert_eq!((d("12.345").integer_digits(), d("12.345").fraction_digits()), (2, 3));
        assert_eq!(d("1200").to_i64(), Some(1200));
        assert_eq!(d("9223372036854775808").to_i64(), None);
        assert_eq!(d("12.50").to_string(), "12.5");
        assert!(Decimal::parse("1e131072").is_none());
    }
}
