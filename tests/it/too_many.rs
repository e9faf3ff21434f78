//! A query that would have to look at more than the service is willing to is refused (RFC 7644 §3.4.2.1).

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use local::{TABLE, aws};
use serde_json::json;

use crate::endpoint::{Endpoint, USER};

/// One more than are looked at.
const USERS: usize = 50_001;
/// The most items of a batch.
const BATCH: usize = 25;

/// The table is filled behind the endpoint's back: by its own routes so many users would take minutes.
#[tokio::test]
async fn a_query_that_would_look_at_too_many_is_refused() {
    let endpoint = Endpoint::start().await;
    let user = json!({"schemas": [USER], "userName": "bjensen"});
    let id = endpoint.create("/Users", &user).await;
    let client = aws::dynamodb(endpoint.stack.stand_ins.engine.url());
    let items = client.scan().table_name(TABLE).send().await.unwrap();
    let is_document = |key: Option<&AttributeValue>| key.and_then(|key| key.as_s().ok()) == Some(&id);
    let document = items.items().iter().find(|item| is_document(item.get("sk"))).unwrap().clone();
    let numbers: Vec<usize> = (0..USERS).collect();
    for numbers in numbers.chunks(BATCH) {
        let writes = numbers.iter().map(|number| {
            let mut item = document.clone();
            item.insert("sk".to_owned(), AttributeValue::S(format!("{}{number:07x}", &id[..id.len() - 7])));
            WriteRequest::builder()
                .put_request(PutRequest::builder().set_item(Some(item)).build().unwrap())
                .build()
        });
        client.batch_write_item().request_items(TABLE, writes.collect()).send().await.unwrap();
    }

    for query in ["filter=title pr", "filter=userName co \"j\"&count=1", "sortBy=title"] {
        let (status, error) = endpoint.send(&http::Method::GET, &format!("/Users?{query}"), String::new()).await;
        assert_eq!((status, &error["scimType"]), (400, &json!("tooMany")), "{query}: {error}");
        assert!(error["detail"].as_str().unwrap().contains("userName"), "it names what is quick: {error}");
    }
    let found = endpoint.get("/Users?filter=userName eq \"BJENSEN\"").await;
    assert_eq!(found["totalResults"], 1, "{found}");
}
