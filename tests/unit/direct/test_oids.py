"""The arc as DirectTrust publishes it."""

from directca.direct.oids import CERTIFICATE_POLICY, Assurance, Category, CpVersion, OrganizationType


def test_the_arc_is_the_published_one() -> None:
    assert CERTIFICATE_POLICY == "1.3.6.1.4.1.41179.0.1"
    assert [*CpVersion] == ["1.3.6.1.4.1.41179.0.1.2", "1.3.6.1.4.1.41179.0.1.3"]
    assert [*Assurance] == [f"1.3.6.1.4.1.41179.1.{level}" for level in (1, 2, 3, 4)]
    assert [*Category] == [f"1.3.6.1.4.1.41179.2.{number}" for number in (1, 2, 3, 4)]


def test_each_organization_type_has_its_own_category() -> None:
    assert {str(kind): str(kind.category) for kind in OrganizationType} == {
        "CoveredEntity": "1.3.6.1.4.1.41179.2.1",
        "BusinessAssociate": "1.3.6.1.4.1.41179.2.2",
        "HealthEntity": "1.3.6.1.4.1.41179.2.3",
        "Patient": "1.3.6.1.4.1.41179.2.4",
    }
