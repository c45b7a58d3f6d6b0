"""Who a person is: names, addresses and accounts, weighed by who could have written them."""
