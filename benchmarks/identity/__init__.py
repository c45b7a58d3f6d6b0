"""How well `offkey whois` tells whose an identity is: real histories and generated people, with truth kept apart."""
