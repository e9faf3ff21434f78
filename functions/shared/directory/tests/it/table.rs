//! A table of its own for each test, in memory.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::{
    Client, Config,
    config::{BehaviorVersion, Credentials, Region},
    types::{
        AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
        Projection, ProjectionType, ScalarAttributeType,
    },
};
use aws_smithy_http_client::Builder;
use directory::Directory;
use faults::Wire;
use tokio::{net::TcpListener, sync::oneshot};

const NAME: &str = "scim";

/// An empty table. Its engine ends with it.
pub(crate) struct Table {
    pub(crate) directory: Directory,
    pub(crate) client: Client,
    /// What goes to the engine and back.
    pub(crate) wire: Wire,
    url: String,
    _stop: oneshot::Sender<()>,
}

/// A process of its own on a table: it can be stopped.
pub(crate) struct Process {
    pub(crate) directory: Directory,
    /// What goes to the engine and back.
    pub(crate) wire: Wire,
}

impl Table {
    pub(crate) async fn new() -> Self {
        let database = dynoxide::Database::memory().expect("an engine");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(async move {
            let _ = dynoxide::server::serve_with_shutdown(listener, database, async {
                let _ = stopped.await;
            })
            .await;
        });
        let (client, wire) = connect(&url);
        create(&client).await;
        Self { directory: Directory::new(client.clone(), NAME), client, wire, url, _stop: stop }
    }

    /// Another process on the same table.
    pub(crate) fn another(&self) -> Process {
        let (client, wire) = connect(&self.url);
        Process { directory: Directory::new(client, NAME), wire }
    }

    /// Every item, as `pk sk`, in order.
    pub(crate) async fn keys(&self) -> Vec<String> {
        self.items().await.into_keys().collect()
    }

    /// Every item by its key, as `pk sk`.
    pub(crate) async fn items(&self) -> BTreeMap<String, HashMap<String, AttributeValue>> {
        let text =
            |item: &HashMap<String, AttributeValue>, name: &str| item[name].as_s().expect("a string").clone();
        let scan = self.client.scan().table_name(NAME).into_paginator().items().send();
        let items: Vec<_> = scan.collect::<Result<_, _>>().await.expect("a scan");
        items.into_iter().map(|item| (format!("{} {}", text(&item, "pk"), text(&item, "sk")), item)).collect()
    }

    /// One item as the engine holds it.
    pub(crate) async fn item(
        &self,
        pk: &str,
        sk: &str,
    ) -> Option<std::collections::HashMap<String, aws_sdk_dynamodb::types::AttributeValue>> {
        use aws_sdk_dynamodb::types::AttributeValue::S;
        let call = self.client.get_item().table_name(NAME).key("pk", S(pk.into())).key("sk", S(sk.into()));
        call.send().await.expect("an item").item
    }

    /// How many items an index holds under a partition key.
    pub(crate) async fn indexed(&self, index: &str, name: &str, pk: &str) -> usize {
        use aws_sdk_dynamodb::types::AttributeValue::S;
        let call = self.client.query().table_name(NAME).index_name(index);
        let call = call.key_condition_expression(format!("{name} = :pk"));
        let answer = call.expression_attribute_values(":pk", S(pk.into())).send().await.expect("a query");
        assert!(answer.items().iter().all(|item| item.contains_key("id")), "an index projects the id");
        answer.items().len()
    }

    /// Puts one item behind the directory's back.
    pub(crate) async fn put(
        &self,
        item: std::collections::HashMap<String, aws_sdk_dynamodb::types::AttributeValue>,
    ) {
        self.client.put_item().table_name(NAME).set_item(Some(item)).send().await.expect("put");
    }

    /// Deletes one item behind the directory's back.
    pub(crate) async fn lose(&self, pk: &str, sk: &str) {
        use aws_sdk_dynamodb::types::AttributeValue::S;
        let call = self.client.delete_item().table_name(NAME).key("pk", S(pk.into())).key("sk", S(sk.into()));
        call.send().await.expect("deleted");
    }
}

fn connect(url: &str) -> (Client, Wire) {
    let wire = Wire::new(Builder::new().build_http());
    let credentials = Credentials::builder().access_key_id("test").secret_access_key("test");
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("eu-central-1"))
        .credentials_provider(credentials.provider_name("test").build())
        .endpoint_url(url)
        .http_client(wire.clone())
        .build();
    (Client::from_conf(config), wire)
}

async fn create(client: &Client) {
    let attributes = ["pk", "sk", "n_pk", "n_sk", "e_pk", "e_sk", "x_pk", "x_sk"].map(|name| {
        let attribute = AttributeDefinition::builder().attribute_name(name);
        attribute.attribute_type(ScalarAttributeType::S).build().expect("an attribute")
    });
    let indexes =
        [("by_user_name", "n_pk", "n_sk"), ("by_email", "e_pk", "e_sk"), ("by_external_id", "x_pk", "x_sk")]
            .map(|(name, pk, sk)| {
                let projection = Projection::builder().projection_type(ProjectionType::Include);
                let index = GlobalSecondaryIndex::builder().index_name(name);
                let index = index.set_key_schema(Some(keys(pk, sk)));
                index.projection(projection.non_key_attributes("id").build()).build().expect("an index")
            });
    client
        .create_table()
        .table_name(NAME)
        .billing_mode(BillingMode::PayPerRequest)
        .set_key_schema(Some(keys("pk", "sk")))
        .set_attribute_definitions(Some(attributes.to_vec()))
        .set_global_secondary_indexes(Some(indexes.to_vec()))
        .send()
        .await
        .expect("a table");
}

fn keys(pk: &str, sk: &str) -> Vec<KeySchemaElement> {
    [(pk, KeyType::Hash), (sk, KeyType::Range)]
        .map(|(name, kind)| {
            KeySchemaElement::builder().attribute_name(name).key_type(kind).build().expect("a key")
        })
        .to_vec()
}
