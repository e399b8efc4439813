"""XML feeds: RSS, Atom, YML and others, as shops write them and as attackers do."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streetshop.core.errors import FeedError, RowRefused
from streetshop.feeds.read import read_feed
from streetshop.feeds.xml import parse_element
from tests.feeds.mutated import mutated, valid_feeds
from tests.feeds.reading import products, refusals, write

RSS = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel>
<title>Shop</title><link>https://shop.example</link><image><url>logo.png</url><title>Logo</title></image>
{}
</channel></rss>"""
ITEM = "<item><g:id>{0}</g:id><g:title>T{0}</g:title><g:image_link>{0}.jpg</g:image_link>{1}</item>"


def rss(*items: str) -> str:
    return RSS.format("\n".join(items))


def test_google_rss(tmp_path: Path) -> None:
    text = rss(
        ITEM.format(1, "<title>Plain</title><link>https://shop.example/1</link><g:price>10 EUR</g:price>")
        + "<!-- <item> -->",
        ITEM.format(2, "<g:additional_image_link>b.jpg</g:additional_image_link>" * 2) + "<![CDATA[ </item><item> ]]>",
        ITEM.format(
            3,
            "<g:additional_image_link>b.jpg</g:additional_image_link><g:additional_image_link>c.jpg</g:additional_image_link>",
        ),
    )
    feed = read_feed(write(tmp_path / "feed.xml", text))
    assert feed.kind == "XML"
    one, two, three = products(feed)
    assert (one.title, one.price, one.currency, one.url) == ("T1", 10.0, "EUR", "https://shop.example/1")
    assert [shot.source for shot in two.shots] == ["2.jpg", "b.jpg"]
    assert [shot.source for shot in three.shots] == ["3.jpg", "b.jpg", "c.jpg"]


@pytest.mark.parametrize("prefix", ["g", "ns0", "google"])
def test_any_prefix_of_googles_namespace(tmp_path: Path, prefix: str) -> None:
    text = rss(ITEM.format(1, "<id>other</id>")).replace("g:", f"{prefix}:").replace("xmlns:g", f"xmlns:{prefix}")
    assert [product.id for product in products(read_feed(write(tmp_path / "feed", text)))] == ["1"]


def test_atom(tmp_path: Path) -> None:
    text = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0"><title>Shop</title>
    <link href="https://shop.example"/><entry><id>tag:1</id><g:id>a</g:id><title>Hat</title>
    <link rel="alternate" href="https://shop.example/a"/><link rel="enclosure" type="image/png" href="b.png"/>
    <g:image_link>a.png</g:image_link></entry></feed>"""
    (product,) = products(read_feed(write(tmp_path / "feed.xml", text)))
    assert (product.id, product.title, product.url) == ("a", "Hat", "https://shop.example/a")
    assert [shot.source for shot in product.shots] == ["a.png", "b.png"]


@pytest.mark.parametrize("encoding", ["windows-1251", "utf-8", "utf-16"])
def test_yml(tmp_path: Path, encoding: str) -> None:
    text = f"""<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE yml_catalog SYSTEM "shops.dtd">
    <yml_catalog><shop><name>X</name><currencies><currency id="RUR" rate="1"/></currencies><categories>
    <category id="1">Женщинам</category><category id="2" parentId="1">Платья</category></categories><offers>
    <offer id="9" available="true" group_id="77"><price>1999</price><currencyId>RUR</currencyId>
    <categoryId>2</categoryId>    <picture>https://s.example/1.jpg</picture><picture>https://s.example/2.jpg</picture><name>Платье</name>
    <vendor>ACME</vendor><param name="Размер">44</param></offer>
    <offer id="10" available="false"><picture>c.jpg</picture><typePrefix>Сапоги</typePrefix><vendor>B</vendor>
    <model>M1</model></offer></offers></shop></yml_catalog>"""
    nine, ten = products(read_feed(write(tmp_path / "feed.xml", text.encode(encoding))))
    assert (nine.title, nine.brand, nine.price, nine.currency) == ("Платье", "ACME", 1999, "RUB")
    assert "Платья" in nine.category
    assert (nine.in_stock, ten.in_stock, nine.design) == (True, False, "77")
    assert (nine.attributes["размер"], ten.title) == (44, "Сапоги B M1")
    assert len(nine.shots) == 2


def test_elements_of_any_name_that_repeat(tmp_path: Path) -> None:
    text = """<shop><made by="x"/>
    <kleider><kleid sku="a"><id>1</id><images><image>a.jpg</image><image>b.jpg</image></images>
    <price currency="EUR">3,50</price></kleid><kleid><id>2</id><images><image><url>c.jpg</url></image></images></kleid>
    </kleider></shop>"""
    one, two = products(read_feed(write(tmp_path / "feed.xml", text)))
    assert [shot.source for shot in (*one.shots, *two.shots)] == ["a.jpg", "b.jpg", "c.jpg"]
    assert (one.price, one.currency, one.attributes["sku"]) == (3.5, "EUR", "a")


def test_what_is_malformed_in_a_product_refuses_it_alone(tmp_path: Path) -> None:
    text = rss(
        ITEM.format(1, "<g:description>Caf&eacute; & bar &nbsp;<![CDATA[ a && b ]]></g:description>"),
        ITEM.format(2, "<g:brand>open"),
        ITEM.format(3, "\x03"),
        ITEM.format(4, "<x>" * 300 + "</x>" * 300),
        ITEM.format(5, f"<g:description>{'long ' * 900_000}</g:description>"),
        ITEM.format(6, ""),
    )
    feed = read_feed(write(tmp_path / "feed.xml", text))
    assert [product.id for product in products(feed)] == ["1", "3", "6"]
    assert products(feed)[0].attributes["description"] == "Café & bar \xa0 a && b"
    reasons = {refusal.row: refusal.reason for refusal in refusals(feed)}
    assert "mismatched tag" in reasons[2]
    assert "64 elements inside each other" in reasons[4]
    assert "more than 4194304 characters" in reasons[5]


@pytest.mark.parametrize(
    "entity",
    [
        "<!ENTITY a 'xxxxxxxx'>",
        "<!ENTITY a SYSTEM 'file:///etc/passwd'>",
        "<!ENTITY % a SYSTEM 'http://x.example'> %a;",
    ],
)
def test_declared_entities_are_refused(tmp_path: Path, entity: str) -> None:
    text = rss(ITEM.format(1, "<g:brand>&a;&a;&a;</g:brand>")).replace("<rss", f"<!DOCTYPE rss [{entity}]><rss", 1)
    with pytest.raises(FeedError, match="declares entities"):
        read_feed(write(tmp_path / "feed.xml", text))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (rss(ITEM.format(1, ""), ITEM.format(2, ""))[:-60], "ends early, after 1 products"),
        (rss(ITEM.format(1, ""), ITEM.format(2, ""))[:-10], "ends early, after 2 products"),
        ("<a><b></a>", "no XML"),
        ("<a>" * 200_000, "no XML"),
        ("<rss><channel></channel></rss>", "no elements that could be products"),
    ],
)
def test_files_that_are_cut_off_or_no_feed(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(FeedError, match=reason):
        list(read_feed(write(tmp_path / "feed.xml", text)))


def test_pieces_of_the_file_change_nothing(tmp_path: Path) -> None:
    """Elements that lie across the borders of what is read at a time."""
    items = [
        ITEM.format(i, f"<!-- {'c' * (i * 37 % 900)} <item> --><x><![CDATA[{'d' * (i * 91 % 700)}</item>]]></x>")
        for i in range(900)
    ]
    feed = read_feed(write(tmp_path / "feed.xml", rss(*items)))
    assert [product.id for product in products(feed)] == [str(i) for i in range(900)]
    assert refusals(feed) == []


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_damaged_feeds(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.xml"
    path.write_bytes(mutated(valid_feeds()[".xml"][seed % 2], seed))
    try:
        feed = read_feed(path)
        assert len(list(feed)) <= feed.rows
    except FeedError as error:
        assert str(path) in str(error)


@given(st.text(st.sampled_from("<>/&;![]CDATA-ab \"'="), max_size=40))
def test_any_text_is_an_element_or_no_xml(text: str) -> None:
    try:
        element = parse_element(f"<a>{text}</a>")
    except ValueError:
        return
    assert isinstance(element, RowRefused) or element.name == "a"
