// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Anchors} from "vklad/Anchors.sol";
import {BallotRelay} from "vklad/BallotRelay.sol";
import {Mandates} from "vklad/Mandates.sol";
import {PointsBridge} from "vklad/PointsBridge.sol";
import {ProgrammeRegistry} from "vklad/ProgrammeRegistry.sol";
import {VklGovernor} from "vklad/VklGovernor.sol";
import {VklTimelock} from "vklad/VklTimelock.sol";
import {VklToken} from "vklad/VklToken.sol";
import {IMandates} from "vklad/interfaces/IMandates.sol";
import {IPointsBridge} from "vklad/interfaces/IPointsBridge.sol";

import {Vm} from "./Vm.sol";

/// @dev The whole system, deployed as the Python deployment does it, and small helpers.
abstract contract Deployed {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    uint256 internal constant POINT = 1e18;
    uint64 internal constant CAPACITY = 10_000;
    uint64 internal constant REFILL_PER_DAY = 8_640;
    uint64 internal constant GROWTH = 6_000;
    uint32 internal constant DELAY_S = 3;
    uint32 internal constant LIFETIME_S = 1000;
    uint32 internal constant HEARTBEAT_S = 100;
    uint32 internal constant GUARDIAN_TERM_S = 30 days;

    address internal poster = address(0x1001);
    address internal watcher = address(0x1002);
    address internal guardian = address(0x1003);
    address internal anchorer = address(0x1004);

    VklTimelock internal timelock;
    VklToken internal token;
    PointsBridge internal bridge;
    VklGovernor internal governor;
    BallotRelay internal relay;
    ProgrammeRegistry internal registry;
    Mandates internal mandates;
    Anchors internal anchors;

    error Failed(string what);

    function _deploy() internal {
        timelock = VklTimelock(payable(_create("VklTimelock", abi.encode(3, address(this)))));
        address next = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 1);
        token = VklToken(_create("VklToken", abi.encode(next)));
        bridge = PointsBridge(
            _createBridge(address(token), address(timelock), _roles(), _periods(), _limits())
        );
        registry = ProgrammeRegistry(_create("ProgrammeRegistry", abi.encode(timelock)));
        mandates = Mandates(_createMandates(address(timelock), IMandates.Bounds(1000, 1500, 30 days)));
        governor = VklGovernor(payable(_createGovernor(guardian, _settings())));
        relay = BallotRelay(_create("BallotRelay", abi.encode(governor)));
        anchors = Anchors(_create("Anchors", abi.encode(timelock, anchorer)));
        timelock.grantRole(timelock.PROPOSER_ROLE(), address(governor));
        timelock.grantRole(timelock.CANCELLER_ROLE(), address(governor));
        timelock.grantRole(timelock.EXECUTOR_ROLE(), address(governor));
        timelock.renounceRole(timelock.DEFAULT_ADMIN_ROLE(), address(this));
    }

    /// @dev By the artifact's name and not by `new`: a test then holds nothing of the contract's code,
    /// so that a changed contract is judged by the tests as they were compiled before.
    function _create(string memory name, bytes memory arguments) internal returns (address created) {
        bytes memory code = bytes.concat(vm.getCode(string.concat(name, ".sol:", name)), arguments);
        assembly ("memory-safe") {
            created := create(0, add(code, 0x20), mload(code))
            if iszero(created) {
                let answer := mload(0x40)
                returndatacopy(answer, 0, returndatasize())
                revert(answer, returndatasize())
            }
        }
    }

    function _createBridge(
        address token_,
        address timelock_,
        address[3] memory roles,
        IPointsBridge.Periods memory periods,
        IPointsBridge.Limits memory initial
    ) internal returns (address) {
        return _create("PointsBridge", abi.encode(token_, timelock_, roles, periods, initial, _ceilings()));
    }

    function _createGovernor(address guardian_, VklGovernor.Parameters memory settings)
        internal
        returns (address)
    {
        address[2] memory places = [address(registry), address(mandates)];
        return _create("VklGovernor", abi.encode(token, timelock, guardian_, places, settings));
    }

    function _createMandates(address timelock_, IMandates.Bounds memory bounds) internal returns (address) {
        return _create("Mandates", abi.encode(timelock_, bounds));
    }

    function _roles() internal view returns (address[3] memory) {
        return [poster, watcher, guardian];
    }

    function _periods() internal pure returns (IPointsBridge.Periods memory) {
        return IPointsBridge.Periods(DELAY_S, LIFETIME_S, HEARTBEAT_S, GUARDIAN_TERM_S);
    }

    function _limits() internal pure returns (IPointsBridge.Limits memory) {
        return IPointsBridge.Limits(CAPACITY, REFILL_PER_DAY, GROWTH);
    }

    function _ceilings() internal pure returns (IPointsBridge.Limits memory) {
        return IPointsBridge.Limits(CAPACITY * 3, REFILL_PER_DAY * 3, GROWTH * 3);
    }

    function _settings() internal pure returns (VklGovernor.Parameters memory parameters) {
        parameters.votingDelayS = 2;
        parameters.lateQuorumExtensionS = 5;
        parameters.guardianTermS = GUARDIAN_TERM_S;
        parameters.proposalThreshold = POINT;
        for (uint256 i = 0; i < parameters.terms.length; ++i) {
            parameters.terms[i] = VklGovernor.Terms(20, 10, 3, 30);
        }
        parameters.terms[uint8(VklGovernor.Kind.Text)] = VklGovernor.Terms(10, 5, 2, 10);
    }

    function _record(address recipient, uint256 points) internal pure returns (bytes memory) {
        return abi.encodePacked(recipient, uint48(points));
    }

    function _commit(bytes memory records, uint64 points) internal returns (uint64 sequence) {
        sequence = bridge.lastSequence() + 1;
        uint64 escrowed = bridge.escrowedPoints() + points;
        vm.prank(poster);
        bridge.commitBatch(sequence, keccak256(records), points, sequence, escrowed);
    }

    function _watch() internal {
        uint64 last = bridge.lastSequence();
        vm.prank(watcher);
        bridge.heartbeat(last);
    }

    /// @dev From nothing to tokens in one go.
    function _bring(address recipient, uint64 points) internal {
        bytes memory records = _record(recipient, points);
        uint64 sequence = _commit(records, points);
        vm.warp(block.timestamp + DELAY_S);
        _watch();
        bridge.executeBatch(sequence, records);
    }

    function _require(bool held, string memory what) internal pure {
        if (!held) revert Failed(what);
    }

    function _sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function _domain(string memory name, address verifying) internal view returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256(bytes(name)),
                keccak256("1"),
                block.chainid,
                verifying
            )
        );
    }

    function _digest(bytes32 domain, bytes32 structHash) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }
}
