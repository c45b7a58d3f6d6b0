"""What others published on merging developers' identities, on other data: for orientation, not measured here."""

PUBLISHED = [
    {
        "work": "gambit (Gote and Zingg, MSR 2021, arXiv 2103.05666)",
        "data": "a manually labelled truth of Gnome GTK, withheld by its authors",
        "figure": "F1 0.985",
    },
    {
        "work": "ALFAA (Amreen et al., EMSE 2020, arXiv 1901.03363)",
        "data": "OpenStack, 2,345 authors, 5,499,025 pairs",
        "figure": "errors reduced 'by several times' against a commercial method and Bird et al.; precision about "
        "0.999 and recall about 0.997 are quoted from memory in our notes and were not re-read",
    },
]
