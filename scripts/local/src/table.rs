//! The table of `template.yaml`, created in a local engine.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, StreamSpecification, StreamViewType, TimeToLiveSpecification,
};

use crate::Error;
use crate::template::{self, Attribute, Index, Key, Table};

/// Creates the table under `name`, unless the engine has it already.
///
/// # Errors
///
/// [`Error::Template`] when the template's table cannot be read, [`Error::Table`] when the engine refuses it or
/// does not answer.
pub async fn create(client: &Client, name: &str) -> Result<(), Error> {
    let table = template::table()?;
    let request = client
        .create_table()
        .table_name(name)
        .set_attribute_definitions(Some(all(&table.attribute_definitions, attribute)?))
        .set_key_schema(Some(all(&table.key_schema, key)?))
        .set_global_secondary_indexes(some(all(&table.global_secondary_indexes, index)?))
        .billing_mode(BillingMode::from(table.billing_mode.as_str()))
        .set_stream_specification(stream(&table)?);
    match request.send().await.map_err(aws_sdk_dynamodb::Error::from) {
        Err(aws_sdk_dynamodb::Error::ResourceInUseException(_)) => return Ok(()),
        answer => answer.map_err(refused)?,
    };
    if let Some(specification) = time_to_live(&table)? {
        client
            .update_time_to_live()
            .table_name(name)
            .time_to_live_specification(specification)
            .send()
            .await
            .map_err(refused)?;
    }
    Ok(())
}

fn refused(error: impl Into<aws_sdk_dynamodb::Error>) -> Error {
    Error::Table(Box::new(error.into()))
}

fn all<T, R>(declared: &[T], translate: fn(&T) -> Result<R, BuildError>) -> Result<Vec<R>, Error> {
    declared.iter().map(translate).collect::<Result<_, _>>().map_err(|error| incomplete(&error))
}

fn incomplete(error: &BuildError) -> Error {
    Error::Template(error.to_string())
}

/// DynamoDB refuses an empty list of indexes where none is fine.
fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

fn attribute(declared: &Attribute) -> Result<AttributeDefinition, BuildError> {
    AttributeDefinition::builder()
        .attribute_name(&declared.attribute_name)
        .attribute_type(ScalarAttributeType::from(declared.attribute_type.as_str()))
        .build()
}

fn key(declared: &Key) -> Result<KeySchemaElement, BuildError> {
    KeySchemaElement::builder()
        .attribute_name(&declared.attribute_name)
        .key_type(KeyType::from(declared.key_type.as_str()))
        .build()
}

fn index(declared: &Index) -> Result<GlobalSecondaryIndex, BuildError> {
    let projection = Projection::builder()
        .projection_type(ProjectionType::from(declared.projection.projection_type.as_str()))
        .set_non_key_attributes(declared.projection.non_key_attributes.clone())
        .build();
    let keys = declared.key_schema.iter().map(key).collect::<Result<_, _>>()?;
    GlobalSecondaryIndex::builder()
        .index_name(&declared.name)
        .set_key_schema(Some(keys))
        .projection(projection)
        .build()
}

fn stream(table: &Table) -> Result<Option<StreamSpecification>, Error> {
    let Some(declared) = &table.stream_specification else { return Ok(None) };
    StreamSpecification::builder()
        .stream_enabled(true)
        .stream_view_type(StreamViewType::from(declared.stream_view_type.as_str()))
        .build()
        .map(Some)
        .map_err(|error| incomplete(&error))
}

fn time_to_live(table: &Table) -> Result<Option<TimeToLiveSpecification>, Error> {
    let Some(declared) = &table.time_to_live_specification else { return Ok(None) };
    TimeToLiveSpecification::builder()
        .enabled(declared.enabled)
        .attribute_name(&declared.attribute_name)
        .build()
        .map(Some)
        .map_err(|error| incomplete(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws;
    use crate::engine::Engine;

    #[tokio::test]
    async fn the_engine_gets_the_table_of_the_template_once() {
        let engine = Engine::in_memory(0).await.unwrap();
        let client = aws::dynamodb(engine.url());
        create(&client, "scim").await.unwrap();
        create(&client, "scim").await.unwrap();
        let described = client.describe_table().table_name("scim").send().await.unwrap().table.unwrap();
        let declared = template::table().unwrap();
        let keys: Vec<_> = described.key_schema().iter().map(KeySchemaElement::attribute_name).collect();
        assert_eq!(keys, ["pk", "sk"]);
        assert_eq!(described.attribute_definitions().len(), declared.attribute_definitions.len());
        let mut indexes: Vec<_> =
            described.global_secondary_indexes().iter().filter_map(|index| index.index_name()).collect();
        indexes.sort_unstable();
        assert_eq!(indexes, ["by_email", "by_external_id", "by_user_name"]);
        assert!(described.stream_specification.is_some());
        let ttl = client.describe_time_to_live().table_name("scim").send().await.unwrap();
        assert_eq!(ttl.time_to_live_description.unwrap().attribute_name.as_deref(), Some("ttl"));
    }
}
