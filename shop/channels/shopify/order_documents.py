"""The questions about orders, customers, codes and hooks, in GraphQL; the tests hold them against the stored schema."""

from __future__ import annotations

_BAG = "{ shopMoney { amount currencyCode } }"
_ADDRESS = "{ firstName lastName company address1 address2 city provinceCode zip countryCodeV2 phone }"
LINE = f"""
fragment LineFacts on LineItem {{
  id title variantTitle sku quantity currentQuantity isGiftCard requiresShipping
  originalUnitPriceSet {_BAG} totalDiscountSet {_BAG}
  discountAllocations {{ allocatedAmountSet {_BAG} }}
  taxLines {{ rate priceSet {_BAG} }}
  customAttributes {{ key value }}
  variant {{ id }} product {{ id }}
}}
"""
ORDER = (
    f"""
fragment OrderFacts on Order {{
  id name createdAt processedAt updatedAt cancelledAt test note email currencyCode
  displayFinancialStatus displayFulfillmentStatus sourceName sourceIdentifier taxesIncluded discountCodes
  totalShippingPriceSet {_BAG} totalTaxSet {_BAG} totalDiscountsSet {_BAG} totalPriceSet {_BAG} totalRefundedSet {_BAG}
  customAttributes {{ key value }}
  customer {{ id }}
  shippingAddress {_ADDRESS} billingAddress {_ADDRESS}
  shippingLines(first: 5) {{ nodes {{ title code }} }}
  lineItems(first: 50) {{ pageInfo {{ hasNextPage endCursor }} nodes {{ ...LineFacts }} }}
}}
"""
    + LINE
)
ORDERS = (
    "query Orders($first: Int!, $after: String, $query: String) {"
    " orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {"
    " pageInfo { hasNextPage endCursor } nodes { ...OrderFacts } } }" + ORDER
)
ONE_ORDER = "query OneOrder($id: ID!) { order(id: $id) { ...OrderFacts } }" + ORDER
MORE_LINES = (
    "query MoreLines($id: ID!, $first: Int!, $after: String) { order(id: $id) {"
    " lineItems(first: $first, after: $after) { pageInfo { hasNextPage endCursor } nodes { ...LineFacts } } } }" + LINE
)
FIND_ORDER = """
query FindOrder($query: String!) {
  orders(first: 5, query: $query) { nodes { id sourceIdentifier } }
}
"""
CREATE_ORDER = """
mutation CreateOrder($order: OrderCreateOrderInput!, $options: OrderCreateOptionsInput) {
  orderCreate(order: $order, options: $options) { order { id name } userErrors { field message code } }
}
"""
TO_FULFIL = """
query ToFulfil($id: ID!) {
  order(id: $id) {
    id cancelledAt
    fulfillments(first: 50) { id trackingInfo(first: 5) { company number url } }
    fulfillmentOrders(first: 20) {
      nodes { id status lineItems(first: 50) { nodes { id remainingQuantity lineItem { id } } } }
    }
  }
}
"""
FULFIL = """
mutation Fulfil($fulfillment: FulfillmentInput!) {
  fulfillmentCreate(fulfillment: $fulfillment) { fulfillment { id } userErrors { field message } }
}
"""
TO_REFUND = f"""
query ToRefund($id: ID!) {{
  order(id: $id) {{
    id currencyCode
    refunds(first: 100) {{ id note }}
    transactions(first: 50) {{ id kind status gateway amountSet {_BAG} parentTransaction {{ id }} }}
  }}
}}
"""
REFUND = """
mutation Refund($input: RefundInput!, $key: String!) {
  refundCreate(input: $input) @idempotent(key: $key) { refund { id } userErrors { field message } }
}
"""

# -- customers

CUSTOMER = f"""
fragment CustomerFacts on Customer {{
  id firstName lastName tags note updatedAt createdAt
  defaultEmailAddress {{ emailAddress marketingState }}
  defaultPhoneNumber {{ phoneNumber }}
  addressesV2(first: 10) {{ nodes {_ADDRESS} }}
}}
"""
CUSTOMERS = (
    "query Customers($first: Int!, $after: String, $query: String) {"
    " customers(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {"
    " pageInfo { hasNextPage endCursor } nodes { ...CustomerFacts } } }" + CUSTOMER
)
ONE_CUSTOMER = "query OneCustomer($id: ID!) { customer(id: $id) { ...CustomerFacts } }" + CUSTOMER
SET_CUSTOMER = """
mutation SetCustomer($identifier: CustomerSetIdentifiers, $input: CustomerSetInput!) {
  customerSet(identifier: $identifier, input: $input) {
    customer { id defaultEmailAddress { marketingState } }
    userErrors { field message code }
  }
}
"""
SET_CONSENT = """
mutation SetConsent($input: CustomerEmailMarketingConsentUpdateInput!) {
  customerEmailMarketingConsentUpdate(input: $input) { customer { id } userErrors { field message code } }
}
"""

# -- codes

_RULE = """
  status startsAt endsAt usageLimit asyncUsageCount appliesOncePerCustomer
  codes(first: 5) { nodes { code } } codesCount { count }
  minimumRequirement { __typename
    ... on DiscountMinimumSubtotal { greaterThanOrEqualToSubtotal { amount currencyCode } }
    ... on DiscountMinimumQuantity { greaterThanOrEqualToQuantity } }
  context { __typename }
"""
DISCOUNT = f"""
query Discount($code: String!) {{
  codeDiscountNodeByCode(code: $code) {{
    id
    codeDiscount {{
      __typename
      ... on DiscountCodeBasic {{ {_RULE}
        customerGets {{
          value {{ __typename
            ... on DiscountPercentage {{ percentage }}
            ... on DiscountAmount {{ amount {{ amount currencyCode }} appliesOnEachItem }} }}
          items {{ __typename }}
        }}
      }}
      ... on DiscountCodeFreeShipping {{ {_RULE}
        maximumShippingPrice {{ amount }} destinationSelection {{ __typename }} }}
      ... on DiscountCodeBxgy {{ status }}
      ... on DiscountCodeApp {{ status }}
    }}
  }}
}}
"""
GIFT_CARDS = """
query GiftCards($query: String!) {
  giftCards(first: 5, query: $query) {
    nodes { id lastCharacters balance { amount currencyCode } enabled expiresOn deactivatedAt }
  }
}
"""
CARD_MOVES = """
query CardMoves($id: ID!) {
  giftCard(id: $id) { id transactions(first: 100, reverse: true) { nodes { id note amount { amount } } } }
}
"""
DEBIT = """
mutation Debit($id: ID!, $input: GiftCardDebitInput!) {
  giftCardDebit(id: $id, debitInput: $input) {
    giftCardDebitTransaction { id }
    userErrors { field message code }
  }
}
"""
CREDIT = """
mutation Credit($id: ID!, $input: GiftCardCreditInput!) {
  giftCardCredit(id: $id, creditInput: $input) {
    giftCardCreditTransaction { id }
    userErrors { field message code }
  }
}
"""

# -- hooks

HOOKS = """
query Hooks($after: String) {
  webhookSubscriptions(first: 100, after: $after) {
    pageInfo { hasNextPage endCursor }
    nodes { id topic uri }
  }
}
"""
CREATE_HOOK = """
mutation CreateHook($topic: WebhookSubscriptionTopic!, $webhookSubscription: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $webhookSubscription) {
    webhookSubscription { id topic uri }
    userErrors { field message }
  }
}
"""
DELETE_HOOK = """
mutation DeleteHook($id: ID!) {
  webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId userErrors { field message } }
}
"""
