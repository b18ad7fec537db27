"""The questions about products, in GraphQL; validated against the stored schema by the tests."""

from __future__ import annotations

VARIANT = """
fragment VariantFacts on ProductVariant {
  id sku barcode price compareAtPrice inventoryPolicy inventoryQuantity
  selectedOptions { name value }
  media(first: 1) { nodes { id } }
  inventoryItem { id tracked requiresShipping unitCost { amount currencyCode } measurement { weight { value unit } } }
}
"""
_PRODUCT = """
  id title handle descriptionHtml vendor productType status tags createdAt updatedAt publishedAt isGiftCard
  seo { title description }
  options { id name position optionValues { id name } }
"""
_MEDIA = "id alt mediaContentType ... on MediaImage { fileStatus image { url width height } }"
PRODUCT = (
    f"fragment ProductFacts on Product {{ {_PRODUCT} media(first: 50) {{ nodes {{ {_MEDIA} }} }}"
    " variants(first: 100) { pageInfo { hasNextPage endCursor } nodes { ...VariantFacts } } }" + VARIANT
)
PRODUCTS = (
    "query Products($first: Int!, $after: String, $query: String) { shop { currencyCode taxesIncluded }"
    " products(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {"
    " pageInfo { hasNextPage endCursor } nodes { ...ProductFacts } } }" + PRODUCT
)
ONE_PRODUCT = (
    "query OneProduct($id: ID!) { shop { currencyCode taxesIncluded } product(id: $id) { ...ProductFacts } }" + PRODUCT
)
MORE_VARIANTS = (
    "query MoreVariants($id: ID!, $first: Int!, $after: String) { product(id: $id) {"
    " variants(first: $first, after: $after) { pageInfo { hasNextPage endCursor } nodes { ...VariantFacts } } } }"
    + VARIANT
)
COUNT = "query Count { shop { currencyCode taxesIncluded } productsCount(limit: null) { count } }"
#: for bulkOperationRunQuery: the same without pages (§2)
BULK = (
    f"{{ products {{ edges {{ node {{ __typename {_PRODUCT}"
    f" media {{ edges {{ node {{ __typename {_MEDIA} }} }} }}"
    " variants { edges { node { __typename id sku barcode price compareAtPrice inventoryPolicy inventoryQuantity"
    " selectedOptions { name value }"
    " inventoryItem { id tracked requiresShipping unitCost { amount currencyCode } measurement { weight { value unit }"
    " } } } } } } } } }"
)
RUN_BULK = """
mutation RunBulk($query: String!) {
  bulkOperationRunQuery(query: $query, groupObjects: true) {
    bulkOperation { id status }
    userErrors { field message code }
  }
}
"""
BULK_STATE = """
query BulkState($id: ID!) {
  shop { currencyCode taxesIncluded }
  bulkOperation(id: $id) { id status errorCode objectCount fileSize url partialDataUrl }
}
"""
SHOP = """
query Shop {
  shop { id name myshopifyDomain currencyCode ianaTimezone weightUnit taxesIncluded }
  currentAppInstallation { accessScopes { handle } }
}
"""

# -- writing

LISTING = """
fragment Listing on Product {
  id handle status publishedAt onlineStoreUrl
  media(first: 50) { nodes { id } }
  variants(first: 250) { pageInfo { hasNextPage endCursor } nodes { id sku selectedOptions { name value } } }
}
"""
FIND_MADE = (
    "query FindMade($one: String!, $two: String!) {"
    " one: productByIdentifier(identifier: {handle: $one}) { ...Listing"
    ' ours: metafield(namespace: "imprint", key: "made_with") { value } }'
    " two: productByIdentifier(identifier: {handle: $two}) { ...Listing"
    ' ours: metafield(namespace: "imprint", key: "made_with") { value } } }' + LISTING
)
ONE_LISTING = "query OneListing($id: ID!) { product(id: $id) { ...Listing } }" + LISTING
LISTED_VARIANTS = """
query ListedVariants($id: ID!, $first: Int!, $after: String) {
  product(id: $id) {
    variants(first: $first, after: $after) {
      pageInfo { hasNextPage endCursor }
      nodes { id sku selectedOptions { name value } }
    }
  }
}
"""
CREATE = (
    "mutation CreateProduct($input: ProductSetInput!) { productSet(input: $input, synchronous: true) {"
    " product { ...Listing } userErrors { field message code } } }" + LISTING
)
UPDATE = (
    "mutation UpdateProduct($product: ProductUpdateInput!, $media: [CreateMediaInput!]) {"
    " productUpdate(product: $product, media: $media) { product { ...Listing } userErrors { field message } } }"
    + LISTING
)
UPDATE_VARIANTS = """
mutation UpdateVariants($id: ID!, $variants: [ProductVariantsBulkInput!]!) {
  productVariantsBulkUpdate(productId: $id, variants: $variants) {
    productVariants { id sku }
    userErrors { field message code }
  }
}
"""
ADD_VARIANTS = """
mutation AddVariants($id: ID!, $variants: [ProductVariantsBulkInput!]!) {
  productVariantsBulkCreate(productId: $id, variants: $variants, strategy: DEFAULT) {
    productVariants { id sku }
    userErrors { field message code }
  }
}
"""
UPDATE_FILES = """
mutation UpdateFiles($files: [FileUpdateInput!]!) {
  fileUpdate(files: $files) { files { id } userErrors { field message code } }
}
"""
DELETE_MEDIA = """
mutation DeleteMedia($id: ID!, $media: [ID!]!) {
  productDeleteMedia(productId: $id, mediaIds: $media) { deletedMediaIds mediaUserErrors { field message code } }
}
"""
PUBLICATIONS = "query Publications { publications(first: 20) { nodes { id catalog { title } } } }"
PUBLISH = """
mutation Publish($id: ID!, $input: [PublicationInput!]!) {
  publishablePublish(id: $id, input: $input) { userErrors { field message } }
}
"""

# -- stock

STOCK = """
query Stock($id: ID!) {
  productVariant(id: $id) {
    inventoryItem {
      id tracked
      inventoryLevels(first: 50) { nodes { location { id } quantities(names: ["available"]) { name quantity } } }
    }
  }
}
"""
LOCATIONS = "query Locations { locations(first: 50) { nodes { id name isActive fulfillsOnlineOrders } } }"
SET_STOCK = """
mutation SetStock($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { reason changes { name delta } }
    userErrors { field message code }
  }
}
"""
ACTIVATE = """
mutation Activate($item: ID!, $location: ID!, $available: Int, $key: String!) {
  inventoryActivate(inventoryItemId: $item, locationId: $location, available: $available) @idempotent(key: $key) {
    inventoryLevel { id }
    userErrors { field message }
  }
}
"""
TRACK = """
mutation Track($id: ID!, $input: InventoryItemInput!) {
  inventoryItemUpdate(id: $id, input: $input) { inventoryItem { id } userErrors { field message } }
}
"""
