"""Products from the APIs of shop systems: Shopify (GraphQL) and WooCommerce (REST), as rows of a feed."""
