// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Anchors} from "vklad/Anchors.sol";
import {Mandates} from "vklad/Mandates.sol";
import {ProgrammeRegistry} from "vklad/ProgrammeRegistry.sol";
import {IAnchors} from "vklad/interfaces/IAnchors.sol";
import {IMandates} from "vklad/interfaces/IMandates.sol";
import {IProgrammeRegistry} from "vklad/interfaces/IProgrammeRegistry.sol";

import {Symbolic} from "./Symbolic.sol";

contract RegistersProof is Symbolic {
    address private constant TIMELOCK = address(0x77);
    uint64 private constant WINDOW_MAX = 1500;

    Anchors private anchors;
    ProgrammeRegistry private registry;
    Mandates private mandates;

    function setUp() public {
        anchors = Anchors(_inAnyState(address(new Anchors(TIMELOCK, address(0x78)))));
        registry = ProgrammeRegistry(_inAnyState(address(new ProgrammeRegistry(TIMELOCK))));
        mandates = Mandates(
            _inAnyState(address(new Mandates(TIMELOCK, IMandates.Bounds(1000, WINDOW_MAX, 30 days))))
        );
    }

    /// @dev Whatever stands in the register stands there after any call; at most one head comes on top.
    function check_AnchorsAreAppendOnly(uint64 number) public {
        uint64 count = anchors.count();
        vm.assume(number > 0 && number <= count);
        IAnchors.Head memory before = anchors.head(number);
        address anchorer = anchors.anchorer();
        (address caller,) = _callAnything(address(anchors), "Anchors");
        IAnchors.Head memory present = anchors.head(number);
        assert(present.rootHash == before.rootHash && present.treeSize == before.treeSize);
        assert(present.anchoredAt == before.anchoredAt);
        assert(anchors.count() == count || anchors.count() == count + 1);
        if (anchors.count() != count) {
            assert(caller == anchorer);
            assert(anchors.head(count + 1).treeSize > anchors.head(count).treeSize);
        }
    }

    /// @dev An activation is never changed, and only the timelock adds one.
    function check_OnlyTheTimelockActivates(uint64 number) public {
        uint64 count = registry.count();
        vm.assume(number > 0 && number <= count);
        IProgrammeRegistry.Activation memory before = registry.activation(number);
        (address caller, bool done) = _callAnything(address(registry), "ProgrammeRegistry");
        IProgrammeRegistry.Activation memory present = registry.activation(number);
        assert(present.programme == before.programme && present.effectiveAt == before.effectiveAt);
        assert(present.activatedAt == before.activatedAt);
        if (registry.count() != count) {
            assert(done && caller == TIMELOCK && registry.count() == count + 1);
            assert(registry.activation(count + 1).effectiveAt >= block.timestamp);
        }
    }

    /// @dev Only the timelock orders; numbers are dense.
    function check_OnlyTheTimelockOrders() public {
        uint64 count = mandates.count();
        (address caller, bool done) = _callAnything(address(mandates), "Mandates");
        if (mandates.count() != count) {
            assert(done && caller == TIMELOCK && mandates.count() == count + 1);
        }
    }
}
