//! Reads the part of an offer file that is used as it streams by: of megabytes a few hundred
//! products stay.

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};

/// Products that are kept at most: several times those of all regions together.
const MOST_PRODUCTS: usize = 50_000;

/// The part of an offer file that is used.
pub(super) struct Offer {
    pub(super) service: String,
    pub(super) published: jiff::Timestamp,
    /// By SKU: those that may have a price we want.
    pub(super) products: HashMap<String, Attributes>,
    prices: HashMap<String, Prices>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Attributes {
    pub(super) region_code: String,
    pub(super) group: String,
    pub(super) usagetype: String,
    pub(super) operation: String,
    pub(super) component: String,
    pub(super) instance_name: String,
}

impl Attributes {
    fn is_used(&self) -> bool {
        let group = self.group.as_str();
        group.starts_with("Serverless") || group.starts_with("Hosting:") || self.is_hosted()
    }

    /// Whether it is an instance of real-time hosting.
    pub(super) fn is_hosted(&self) -> bool {
        self.component == "Hosting" && self.operation == "RunInstance"
    }
}

/// What a price is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    Gigabytes,
    Hours,
}

impl Unit {
    const ALL: [Self; 3] = [Self::Seconds, Self::Gigabytes, Self::Hours];

    const fn name(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Gigabytes => "GB",
            Self::Hours => "Hrs",
        }
    }
}

/// Prints AWS's word for it.
impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Offer {
    /// What a SKU costs: its price above 0 in US dollars, of several the one that is charged first.
    /// A free tier is listed as a price of 0 in front.
    pub(super) fn price(&self, sku: &str, unit: Unit) -> Option<f64> {
        self.prices.get(sku)?.of(unit).map(|price| price.usd)
    }
}

/// The price of one SKU by unit.
#[derive(Default)]
struct Prices([Option<Price>; 3]);

#[derive(Clone, Copy)]
struct Price {
    /// Quantity from which on it is charged.
    from: f64,
    usd: f64,
}

impl Prices {
    fn of(&self, unit: Unit) -> Option<Price> {
        let mut both = Unit::ALL.iter().zip(self.0);
        both.find(|(of, _)| **of == unit)?.1
    }

    fn add(&mut self, unit: Unit, price: Price) {
        for (of, known) in Unit::ALL.iter().zip(&mut self.0) {
            let is_first = |known: Price| {
                let order = price.from.total_cmp(&known.from);
                order.then(price.usd.total_cmp(&known.usd)).is_lt()
            };
            if *of == unit && known.is_none_or(is_first) {
                *known = Some(price);
            }
        }
    }

    fn merge(&mut self, other: &Self) {
        for (unit, price) in Unit::ALL.into_iter().zip(other.0) {
            if let Some(price) = price {
                self.add(unit, price);
            }
        }
    }
}

#[derive(Deserialize)]
struct Term {
    #[serde(rename = "priceDimensions")]
    dimensions: Dimensions,
}

struct Dimensions(Prices);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dimension {
    unit: String,
    #[serde(default)]
    begin_range: String,
    price_per_unit: PerUnit,
}

#[derive(Deserialize)]
struct PerUnit {
    #[serde(rename = "USD")]
    usd: Option<String>,
}

impl Dimension {
    fn price(&self) -> Option<(Unit, Price)> {
        let mut units = Unit::ALL.into_iter();
        let unit = units.find(|unit| self.unit.eq_ignore_ascii_case(unit.name()))?;
        let usd: f64 = self.price_per_unit.usd.as_ref()?.parse().ok()?;
        let from = self.begin_range.parse().unwrap_or(0.0);
        (usd.is_finite() && usd > 0.0).then_some((unit, Price { from, usd }))
    }
}

impl<'de> Deserialize<'de> for Dimensions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let add = |prices: &mut Prices, dimension: Dimension| {
            if let Some((unit, price)) = dimension.price() {
                prices.add(unit, price);
            }
        };
        fold(deserializer, add).map(Self)
    }
}

impl<'de> Deserialize<'de> for Prices {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let merge = |prices: &mut Self, term: Term| prices.merge(&term.dimensions.0);
        fold(deserializer, merge)
    }
}

/// Puts the values of a map together, one after the other.
fn fold<'de, D: Deserializer<'de>, V: Deserialize<'de>, F: FnMut(&mut Prices, V)>(
    deserializer: D,
    add: F,
) -> Result<Prices, D::Error> {
    struct Folding<V, F>(F, PhantomData<V>);

    impl<'de, V: Deserialize<'de>, F: FnMut(&mut Prices, V)> Visitor<'de> for Folding<V, F> {
        type Value = Prices;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object of prices")
        }

        fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Prices, A::Error> {
            let mut prices = Prices::default();
            while let Some((IgnoredAny, value)) = map.next_entry()? {
                (self.0)(&mut prices, value);
            }
            Ok(prices)
        }
    }

    deserializer.deserialize_map(Folding(add, PhantomData))
}

/// The products that may have a price we want.
struct Products(HashMap<String, Attributes>);

impl<'de> Deserialize<'de> for Products {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Product {
            attributes: Attributes,
        }
        struct Keeping;

        impl<'de> Visitor<'de> for Keeping {
            type Value = Products;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of products")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Products, A::Error> {
                let mut products = HashMap::new();
                while let Some((sku, product)) = map.next_entry::<String, Product>()? {
                    if product.attributes.is_used() {
                        products.insert(sku, product.attributes);
                    }
                    if products.len() > MOST_PRODUCTS {
                        return Err(A::Error::custom("more products than AWS has"));
                    }
                }
                Ok(Products(products))
            }
        }

        deserializer.deserialize_map(Keeping)
    }
}

/// Reads one member of an object with its seed, and passes over the others.
struct Member<S>(&'static str, S);

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Member<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, S: DeserializeSeed<'de>> Visitor<'de> for Member<S> {
    type Value = S::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with the member {}", self.0)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<S::Value, A::Error> {
        let Self(name, seed) = self;
        let mut seed = Some(seed);
        let mut value = None;
        while let Some(key) = map.next_key::<String>()? {
            match seed.take_if(|_| key == name) {
                Some(seed) => value = Some(map.next_value_seed(seed)?),
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        value.ok_or_else(|| A::Error::missing_field(name))
    }
}

/// The prices of these products, of all in the list.
struct Wanted<'a>(&'a HashMap<String, Attributes>);

impl<'de> DeserializeSeed<'de> for Wanted<'_> {
    type Value = HashMap<String, Prices>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Wanted<'_> {
    type Value = HashMap<String, Prices>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of terms")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut prices = HashMap::new();
        while let Some(sku) = map.next_key::<String>()? {
            if self.0.contains_key(&sku) {
                prices.insert(sku, map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(prices)
    }
}

impl<'de> Deserialize<'de> for Offer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading;

        impl<'de> Visitor<'de> for Reading {
            type Value = Offer;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an offer file")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Offer, A::Error> {
                let (mut service, mut published) = (None, None);
                let (mut products, mut prices) = (None, None);
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "offerCode" => service = Some(map.next_value()?),
                        "publicationDate" => published = Some(map.next_value()?),
                        "products" => products = Some(map.next_value::<Products>()?.0),
                        // AWS writes them last: before the products it is not known which count.
                        "terms" => {
                            let products = products.as_ref();
                            let missing = || A::Error::custom("`terms` come before `products`");
                            let wanted = Wanted(products.ok_or_else(missing)?);
                            prices = Some(map.next_value_seed(Member("OnDemand", wanted))?);
                        }
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                let missing = A::Error::missing_field;
                Ok(Offer {
                    service: service.ok_or_else(|| missing("offerCode"))?,
                    published: published.ok_or_else(|| missing("publicationDate"))?,
                    products: products.ok_or_else(|| missing("products"))?,
                    prices: prices.ok_or_else(|| missing("terms"))?,
                })
            }
        }

        deserializer.deserialize_map(Reading)
    }
}
